"""Report of a preparation: what was read and what was left out, in plain words."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QListView, QVBoxLayout, QWidget

from ddpm_studio.data.samples import sample_name
from ddpm_studio.engine.sizes import size_text
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.common.counts import counted, picture_count
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.advice import options_to_titles
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, label, name
from ddpm_studio.gui.widgets.layout.collapsible import CollapsibleHeading
from ddpm_studio.picture_shape import PictureShape, sides
from ddpm_studio.requests import PrepareOptions

if TYPE_CHECKING:
    from ddpm_studio.data import Dataset, PreviewResult

_LIST_HEIGHT = 120


class ReportView(QWidget):
    """Report of a preparation: figures of the set, and a collapsible list of rejects."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = ElidedLabel("", "heading")
        self.figures = label("", wrap=True)
        self.notes = label("", "caption", wrap=True)
        self.warnings = label("", "warning", wrap=True)
        self._rejects = QStringListModel(self)
        self.rejects = QListView()
        self.rejects.setModel(self._rejects)
        self.rejects.setFixedHeight(_LIST_HEIGHT)
        self.rejects.setUniformItemSizes(True)
        self.rejects.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.rejects.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        name(self.rejects, self.tr("Pictures left out, each with its reason"))
        self.left_out = CollapsibleHeading("", self.rejects, unfolded=False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, SPACE_M)
        layout.setSpacing(SPACE_S)
        for widget in (self.title, self.figures, self.warnings, self.notes):
            layout.addWidget(widget)
        layout.addWidget(self.left_out, alignment=Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.rejects)
        self.clear()

    def clear(self) -> None:
        """Clear the report."""
        self._show("", "", [], [], [], [])

    def show_preview(self, title: str, preview: PreviewResult) -> None:
        """Show what is known from a few pictures, before all are read."""
        found = counted(preview.found, self.tr("1 file"), self.tr("{n} files"))
        shape = PictureShape.of(preview.pictures, are_bands=preview.options.channels == "bands")
        self._show(title, f"{found} · {self._kind(shape)}", [], [], [], [])

    def show_refused(self, title: str, failure: Failure) -> None:
        """Show why pictures can't be prepared as requested, and what would help."""
        self._show(title, "", [], [self._with_field_titles(failure.line)], [], [])

    def show_dataset(self, dataset: Dataset) -> None:
        """Show what a data set has, with notes, warnings, classes and rejects of its report."""
        report = dataset.report
        figures = [
            picture_count(report.kept),
            self._kind(dataset.shape),
        ]
        if dataset.class_names:
            count = len(dataset.class_names)
            figures.append(counted(count, self.tr("1 class"), self.tr("{n} classes")))
        notes = []
        if len(report.sizes) == 1:
            (width, height), _ = report.sizes[0]
            if (width, height) != sides(dataset.image_size):
                notes.append(self.tr("All were {0}.").format(size_text(width, height)))
        elif report.sizes:
            # By number of pixels: a tall one may be narrower than one that is much smaller.
            smallest, *_, largest = sorted((size for size, _ in report.sizes), key=prod)
            notes.append(
                self.tr("{n} sizes, from {a} to {b}.").format(
                    n=f"{len(report.sizes):,}",
                    a=size_text(*smallest),
                    b=size_text(*largest),
                )
            )
        if report.duplicates:
            notes.append(
                counted(
                    report.duplicates,
                    self.tr("1 is an exact copy of another."),
                    self.tr("{n} are exact copies of others."),
                )
            )
        # The other files of sets that ship are their licences, which need no mention.
        if report.others and not all(map(sample_name, dataset.source)):
            notes.append(
                counted(
                    sum(count for _, count in report.others),
                    self.tr("1 other file is not a picture."),
                    self.tr("{n} other files are not pictures."),
                )
            )
            notes += [f"\n{line}" for line in report.known_others()]
        # How values, axes and classes were interpreted, in a line each.
        notes += [f"\n{self._with_field_titles(line)}" for line in report.told]
        classes = [f"{name}: {count:,}" for name, count in report.class_counts]
        rejects = [f"{reject.name} – {reject.reason}" for reject in report.rejects]
        title = report.source
        self._show(
            title,
            " · ".join(figures),
            notes,
            [self._with_field_titles(line) for line in report.warnings],
            rejects,
            classes,
        )

    def _show(
        self,
        title: str,
        figures: str,
        notes: list[str],
        warnings: list[str],
        rejects: list[str],
        classes: list[str],
    ) -> None:
        for widget, text in (
            (self.title, title),
            (self.figures, figures),
            (self.notes, " ".join(notes).strip()),
            (self.warnings, "\n".join(warnings)),
        ):
            widget.setText(text)
            widget.setVisible(bool(text))
        self.figures.setToolTip("\n".join(classes))
        self._rejects.setStringList(rejects)
        count = counted(
            len(rejects), self.tr("1 picture left out"), self.tr("{n} pictures left out")
        )
        self.left_out.set_text(count, self.tr("Show which and why"))
        self.left_out.set_available(bool(rejects))

    def _with_field_titles(self, line: str) -> str:
        template = self.tr("“{field}: {value}” below")
        return options_to_titles(line, PrepareOptions.model_fields, template, with_values=True)

    def _kind(self, shape: PictureShape) -> str:
        colours = {1: self.tr("gray"), 3: self.tr("colour")}
        colour = shape.colour if shape.are_bands else colours.get(shape.channels, shape.colour)
        return f"{shape.size_text}, {colour}"
