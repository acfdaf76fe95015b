"""Preview samples from the same noise over the course of a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.backend import JobHandle, specs
from ddpm_studio.backend.record import RunRecord
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.training.sample_view import SampleView
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import label, name
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Event, SampleGrid

_MAX_ROWS = 48
_MAX_BYTES = 96 << 20
_GATHER_MS = 120


def evenly_spaced(paths: Sequence[Path], count: int) -> list[Path]:
    """Return ``count`` evenly spaced paths, including the first and the last; all if fewer."""
    if len(paths) <= count:
        return list(paths)
    indices = np.linspace(0, len(paths) - 1, max(2, count)).round().astype(int)
    return [paths[index] for index in indices]


class SamplesPage(QWidget):
    """Raw and EMA samples at one step; below, a wall with a row for each step, newest first."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._record: RunRecord | None = None
        self._grids: dict[Path, SampleGrid] = {}
        self._rows: list[Path] = []
        self._wall_paths: list[Path] = []
        self._job: JobHandle[object] | None = None
        self._timer = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._timer.timeout.connect(self._show_wall)
        self.view = SampleView(studio, None)
        self.wall = RowGrid(self.tr("Samples over the training"))
        self.wall.set_empty("images", self.tr("A row is added whenever samples are drawn"))
        self.wall.setMinimumHeight(120)
        PictureMenu(studio, self.wall)
        self.weights: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._lay_out()
        self.wall.current_changed.connect(self._on_chosen)
        self.view.shown_path_changed.connect(self._select_row)

    def show_record(self, record: RunRecord) -> None:
        """Show the samples of another run."""
        if record is self._record:
            return
        if self._record is not None:
            self._record.changed.disconnect(self._on_record)
        self._record = record
        record.changed.connect(self._on_record)
        self._grids.clear()
        self._wall_paths = []
        # Clear the previous run's samples at once, before this run's are loaded.
        self._timer.stop()
        self.view.set_paths([])
        self._show_wall()
        self._on_record()

    @property
    def rows(self) -> list[Path]:
        """Paths of the wall's sample files, one for each row, newest first."""
        return self._rows

    def showEvent(self, event: QShowEvent) -> None:
        """Load samples that were drawn while the page was hidden."""
        super().showEvent(event)
        self._on_record()

    def _lay_out(self) -> None:
        heading = QHBoxLayout()
        heading.setSpacing(SPACE_S)
        heading.addWidget(label(self.tr("Over the training"), "heading"))
        heading.addStretch()
        for weights, text, tip in (
            ("raw", self.tr("raw"), self.tr("Drawn with the weights after each step")),
            ("ema", self.tr("EMA"), self.tr("Drawn with the weights averaged over many steps")),
        ):
            button = QToolButton()
            button.setText(text)
            button.setCheckable(True)
            button.setChecked(weights == "ema")
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            name(button, self.tr("Wall of {weights} samples").format(weights=text), tip)
            button.clicked.connect(self._show_wall)
            self._group.addButton(button)
            self.weights[weights] = button
            heading.addWidget(button)
        wall_area = QWidget()
        column = QVBoxLayout(wall_area)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_S)
        column.addLayout(heading)
        column.addWidget(self.wall, 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.view)
        split.addWidget(wall_area)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addWidget(split)

    def _on_record(self) -> None:
        if self._record is None:
            return
        self.view.set_paths(self._record.previews)
        if not self.isVisible():
            return
        paths = evenly_spaced(self._record.previews, self._max_rows())
        if paths == self._wall_paths:
            return
        self._wall_paths = paths
        self._grids = {path: self._grids[path] for path in paths if path in self._grids}
        missing = [path for path in reversed(paths) if path not in self._grids]
        self._timer.start()
        if missing:
            self._job = self._studio.backend.submit(
                specs.runs.load_previews(missing, "sample wall")
            )
            self._job.on_event(self._on_samples)

    def _max_rows(self) -> int:
        """Return the number of rows to keep in memory, fewer for large pictures."""
        grid = next(iter(self._grids.values()), None)
        if grid is None:
            return _MAX_ROWS
        return min(_MAX_ROWS, max(2, _MAX_BYTES // (grid.raw.nbytes + grid.ema.nbytes)))

    def _on_samples(self, event: Event) -> None:
        if isinstance(event, SampleGrid) and event.path in self._wall_paths:
            self._grids[event.path] = event
            if not self._timer.isActive():
                self._timer.start()

    def _show_wall(self) -> None:
        grids = [self._grids[path] for path in reversed(self._wall_paths) if path in self._grids]
        # After resuming with another sample count, rows have another length and are left out.
        grids = [grid for grid in grids if grid.ema.shape == grids[0].ema.shape]
        self._rows = [grid.path for grid in grids]
        raw = self.weights["raw"].isChecked()
        pictures = [grid.raw if raw else grid.ema for grid in grids]
        kind: dict[str, object] = {"kind": "preview", "weights": "raw" if raw else "ema"}
        self.wall.set_rows(
            np.concatenate(pictures) if pictures else None,
            [self.tr("step {n}").format(n=f"{grid.step:,}") for grid in grids],
            recipe=kind,
        )
        self._select_row(self.view.shown_path)

    def _on_chosen(self, index: int) -> None:
        row = index // max(1, self.wall.columns)
        if index >= 0 and row < len(self._rows):
            self.view.show_path(self._rows[row])

    def _select_row(self, path: Path | None) -> None:
        """Select a picture of the step shown above, if its row has no current picture yet."""
        columns = self.wall.columns
        if path not in self._rows or not columns:
            return
        row = self._rows.index(path)
        if self.wall.current // columns != row or self.wall.current < 0:
            self.wall.select([row * columns])
