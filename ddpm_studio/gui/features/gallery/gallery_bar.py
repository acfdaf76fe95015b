"""Gallery toolbars: filters and order of the pictures; zoom, summary, delete and undo."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from ddpm_studio.catalogue.tools import drawings
from ddpm_studio.gui.features.common.sampler_titles import sampler_title
from ddpm_studio.gui.features.gallery.gallery_items import Filter
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.forms.combo_boxes import ElidedComboBox
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, label, name, number_label
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout, inline_group
from ddpm_studio.jobs.library.gallery import MAX_STARS

SIDE = 96
_SIDES = (32, 320)
_ZOOM_WIDTH = 140
# Added to the text width of a closed combo box, and its greatest total width, in pixels.
_ARROW_WIDTH, _MAX_WIDTH = 36, 124


class GalleryFilters(QWidget):
    """Combo boxes to filter by kind, run, sampler and rating, and to choose the order."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = self._box(self.tr("Kind"), self.tr("Show pictures of this kind"))
        self.kind.addItem(self.tr("Any kind"), "")
        for kind, drawing in drawings().items():
            self.kind.addItem(translated(drawing.title), kind)
        self.run = self._box(self.tr("Run"), self.tr("Show pictures drawn with this run"))
        self.sampler = self._box(self.tr("Sampler"), self.tr("Show pictures of this sampler"))
        self.stars = self._box(
            self.tr("Rating"), self.tr("Show pictures with so many stars or more")
        )
        self.stars.addItem(self.tr("Any rating"), 0)
        for stars in range(1, MAX_STARS + 1):
            suffix = "" if stars == MAX_STARS else "+"
            self.stars.addItem("★" * stars + suffix, stars)
        self.order = self._box(self.tr("Order"), self.tr("Which pictures come first"))
        for text, order in (
            (self.tr("Newest"), "newest"),
            (self.tr("Oldest"), "oldest"),
            (self.tr("Best"), "rating"),
            (self.tr("By t"), "t"),
            (self.tr("By seed"), "seed"),
            (self.tr("By run"), "run"),
        ):
            self.order.addItem(text, order)
        self._boxes = (self.kind, self.run, self.sampler, self.stars, self.order)
        self.set_choices([], [], Filter())
        layout = FlowLayout(parent=self)
        for box in self._boxes:
            box.currentIndexChanged.connect(self.changed)
            layout.addWidget(box)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def value(self) -> Filter:
        """Return the chosen filter."""
        return Filter(
            self.kind.currentData(),
            self.run.currentData(),
            self.sampler.currentData(),
            self.stars.currentData(),
        )

    def set_choices(self, runs: Sequence[Path], samplers: Sequence[str], chosen: Filter) -> None:
        """Offer these runs and samplers, and choose the filter's, even if they are not in them.

        ``changed`` is not emitted.
        """
        if chosen.run is not None and chosen.run not in runs:
            runs = [*runs, chosen.run]
        if chosen.sampler and chosen.sampler not in samplers:
            samplers = [*samplers, chosen.sampler]
        run_items = [(run.name, run) for run in runs]
        sampler_items = [(sampler_title(sampler), sampler) for sampler in samplers]
        _refill(self.run, [(self.tr("Any run"), None), *run_items], chosen.run)
        _refill(self.sampler, [(self.tr("Any sampler"), ""), *sampler_items], chosen.sampler)
        self._fit_widths()

    def _fit_widths(self) -> None:
        """Fix each box's width to its longest text, so that the layout never moves."""
        for box in self._boxes:
            metrics = box.fontMetrics()
            text_width = max(metrics.horizontalAdvance(box.itemText(k)) for k in range(box.count()))
            box.setFixedWidth(min(text_width + _ARROW_WIDTH, _MAX_WIDTH))

    def _box(self, title: str, tip: str) -> QComboBox:
        box = ElidedComboBox()
        ignore_unfocused_wheel(box)
        name(box, title, tip)
        return box


class GalleryBar(QWidget):
    """Zoom slider, summary of the pictures, and buttons to delete and undo.

    Args:
        delete: the action that deletes the selected pictures.
        undo: the action that restores them.
        parent: the owner.
    """

    def __init__(self, delete: QAction, undo: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.zoom = Slider()
        self.zoom.setRange(*_SIDES)
        self.zoom.setValue(SIDE)
        self.zoom.setSingleStep(16)
        self.zoom.setPageStep(64)
        self.zoom.setFixedWidth(_ZOOM_WIDTH)
        name(self.zoom, self.tr("Zoom"), self.tr("Size of the pictures"))
        self.summary = number_label("", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE_M)
        zoom = inline_group(label(self.tr("zoom"), "muted"), self.zoom)
        zoom.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        row.addWidget(zoom)
        row.addWidget(self.summary)
        row.addStretch()
        for action in (delete, undo):
            button = QToolButton()
            button.setDefaultAction(action)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            name(button, action.text(), action.toolTip())
            row.addWidget(button)

    def step_zoom(self, steps: int) -> None:
        """Change the zoom by a number of wheel notches, negative to zoom out."""
        self.zoom.setValue(self.zoom.value() + steps * self.zoom.singleStep())


def _refill(box: QComboBox, items: Sequence[tuple[str, object]], chosen: object) -> None:
    """Offer items of text and data, and choose one by its data, without emitting a signal."""
    values = [data for _, data in items]
    with QSignalBlocker(box):
        if values != [box.itemData(k) for k in range(box.count())]:
            box.clear()
            for text, data in items:
                box.addItem(text, data)
        box.setCurrentIndex(values.index(chosen))
