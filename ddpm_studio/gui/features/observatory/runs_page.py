"""Runs page: overlay the curves of runs, edit notes and tags, compare settings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QPixmap, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QSplitter,
    QStackedWidget,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.backend import specs
from ddpm_studio.gui.features.observatory.compare_view import CompareView
from ddpm_studio.gui.features.observatory.notes_view import NotesView
from ddpm_studio.gui.features.observatory.run_model import (
    CREATED,
    LOSS,
    NETWORK,
    SAMPLE,
    SHOWN,
    STEP,
    TAGS,
    Index,
    RunModel,
)
from ddpm_studio.gui.features.observatory.run_names import unique_names
from ddpm_studio.gui.features.observatory.sparkline import SparklineDelegate
from ddpm_studio.gui.platform.images import to_image
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import label, name, tool_button
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.workspace.studio import Studio

if TYPE_CHECKING:
    from ddpm_studio.jobs.library.covers import RunCover
    from ddpm_studio.jobs.library.listing import RunEntry

_MIN_WIDTH = 72
_SAMPLE_SIDE = 32


def with_moved_run(runs: Sequence[Path], old: Path | None, new: Path | None) -> list[Path]:
    """Return the paths of runs after ``old`` was moved to ``new``, or removed if that is None."""
    old_path = None if old is None else old.resolve()
    moved_runs = [new if run.resolve() == old_path else run for run in runs]
    return [run for run in moved_runs if run is not None]


class _RunNameDelegate(QStyledItemDelegate):
    """Delegate with a size hint that fits a name next to its check box."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Add the width of the style sheet's check box that Qt's size hint leaves out."""
        return super().sizeHint(option, index) + QSize(SPACE_L + SPACE_S, 0)


class RunsPage(QWidget):
    """Table of runs, and below it the notes of the selected run or a comparison of several."""

    overlaid = Signal(object, bool)
    """A run was checked or unchecked; (run as Path, whether to overlay its curves)."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._known_runs: list[Path] = []
        self._shown: list[Path] = []
        self.model = RunModel(self._colour, self)
        self.model.ticked.connect(self.overlaid)
        self.model.cover_requested.connect(self._load_cover)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setItemDelegateForColumn(SHOWN, _RunNameDelegate(self.table))
        self.table.setItemDelegateForColumn(LOSS, SparklineDelegate(self.table))
        self.table.setIconSize(QSize(_SAMPLE_SIDE, _SAMPLE_SIDE))
        name(
            self.table,
            self.tr("Runs"),
            self.tr("Space lays a run over the curves, Enter opens it; choose two to compare"),
        )
        self.notes = NotesView()
        self.notes.show_run(None)
        self.compare = CompareView()
        self.refresh_button = tool_button("refresh-cw", self.tr("Look for runs again"))
        self.refresh_button.clicked.connect(self.refresh)
        self._below = QStackedWidget()
        self._lay_out()
        self.table.selectionModel().selectionChanged.connect(self._on_selection)
        self.table.activated.connect(self._on_activated)
        self.notes.saved.connect(self.refresh)
        current_theme().changed.connect(self.table.viewport().update)

    def show_runs(self, runs: Sequence[Path]) -> None:
        """Set the runs whose curves are shown; the first is the open one."""
        previous, self._shown = self._shown[:1], list(runs)
        if previous != self._shown[:1] and self.selected() == previous:
            # The selection was not made by a person: it was the open run.
            self.select(self._shown[:1])
        self._known_runs = list(dict.fromkeys([*self._known_runs, *runs]))
        if any(run not in self._listed_paths() for run in runs):
            self.refresh()
        self.model.set_overlaid_runs(*self._overlay_state())

    def follow(self, old: Path | None, new: Path | None) -> None:
        """Follow a run that was moved or removed; see ``Studio.run_moved``."""
        self._known_runs = with_moved_run(self._known_runs, old, new)
        self._shown = with_moved_run(self._shown, old, new)
        noted_run = self.notes.run
        if noted_run is not None and with_moved_run([noted_run], old, new) != [noted_run]:
            self.notes.show_run(None)
        self.refresh()

    def refresh(self) -> None:
        """List the runs again, in the backend, if the page is visible."""
        if not self.isVisible():
            return
        folders = [self._studio.runs_folder, *(run.parent for run in self._known_runs)]
        job = self._studio.backend.submit(
            specs.runs.list_runs(list(dict.fromkeys(folders)), self._known_runs)
        )
        job.on_finished(self._on_listed)

    def selected(self) -> list[Path]:
        """Return the selected runs, from top to bottom."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self.model.entries[row].path for row in rows]

    def select(self, runs: Sequence[Path]) -> None:
        """Select runs."""
        selection = self.table.selectionModel()
        selection.clearSelection()
        flags = selection.SelectionFlag.Select | selection.SelectionFlag.Rows
        for row, entry in enumerate(self.model.entries):
            if entry.path in runs:
                selection.setCurrentIndex(self.model.index(row, SHOWN), flags)

    def showEvent(self, event: QShowEvent) -> None:
        """List the runs again whenever the page is shown."""
        super().showEvent(event)
        self.refresh()

    def _lay_out(self) -> None:
        table = self.table
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setTabKeyNavigation(False)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setMinimumHeight(120)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(_SAMPLE_SIDE + SPACE_S)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(_MIN_WIDTH)
        # If the names of the runs were stretched, they would be elided first.
        header.setSectionResizeMode(TAGS, QHeaderView.ResizeMode.Stretch)
        for column in (SHOWN, SAMPLE, STEP, LOSS, NETWORK, CREATED):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        hint_row = QHBoxLayout()
        hint_row.setSpacing(SPACE_S)
        hint = label(
            self.tr(
                "Tick runs to lay their curves over each other; choose two with Ctrl or Shift and "
                "a click to compare them"
            ),
            "caption",
            wrap=True,
        )
        hint_row.addWidget(hint, 1)
        hint_row.addWidget(self.refresh_button)
        upper = QWidget()
        upper_layout = QVBoxLayout(upper)
        upper_layout.setContentsMargins(0, 0, 0, 0)
        upper_layout.setSpacing(SPACE_S)
        upper_layout.addLayout(hint_row)
        upper_layout.addWidget(table, 1)
        self._below.addWidget(
            EmptyState(
                "tag",
                self.tr("Choose a run for its notes, two or more (Ctrl + click) to compare them"),
            )
        )
        self._below.addWidget(self.notes)
        self._below.addWidget(self.compare)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(upper)
        split.addWidget(self._below)
        split.setSizes([1000, 1000])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addWidget(split)

    def _on_listed(self, entries: tuple[RunEntry, ...]) -> None:
        chosen = self.selected() or self._shown[:1]
        self.model.show(entries, *self._overlay_state())
        self.select(chosen)

    def _load_cover(self, run: Path) -> None:
        """Load the last sample of a run whose row has come into view."""
        job = self._studio.backend.submit(specs.covers.run_cover(run, 1))
        job.on_finished(partial(self._on_cover, run))

    def _on_cover(self, run: Path, cover: RunCover) -> None:
        if cover.pictures is None or not len(cover.pictures):
            return
        side = round(_SAMPLE_SIDE * self.devicePixelRatioF())
        keep_ratio = Qt.AspectRatioMode.KeepAspectRatio
        smooth = Qt.TransformationMode.SmoothTransformation
        picture = QPixmap.fromImage(
            to_image(cover.pictures[0]).scaled(side, side, keep_ratio, smooth)
        )
        picture.setDevicePixelRatio(self.devicePixelRatioF())
        self.model.set_cover(run, picture)

    def _listed_paths(self) -> set[Path]:
        return {entry.path for entry in self.model.entries}

    def _overlay_state(self) -> tuple[Path | None, list[Path]]:
        return (self._shown[0] if self._shown else None), self._shown[1:]

    def _on_selection(self) -> None:
        runs = self.selected()
        self._below.setCurrentIndex(min(len(runs), 2))
        if len(runs) < 2:
            self.notes.show_run(runs[0] if runs else None)
            return
        job = self._studio.backend.submit(specs.runs.compare_runs(runs))
        job.on_finished(self._on_compared)

    def _on_compared(self, settings: list[dict[str, str]]) -> None:
        runs = self.selected()
        if len(runs) == len(settings):
            self.compare.show_settings(unique_names(runs), settings)

    def _on_activated(self, index: QModelIndex) -> None:
        self._studio.open_run(self.model.entries[index.row()].path)

    def _colour(self, run: Path) -> str:
        return current_theme().plot_color(self._studio.colours.of(run))
