"""Views of a reverse process at one time t, for one sampler or for several in step."""

from __future__ import annotations

import math
from functools import partial
from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QStackedLayout, QVBoxLayout, QWidget

from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.reverse.trajectory import Process, Trajectory
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S, X0_HAT
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.widgets.pictures.film_strip import FilmStrip
from ddpm_studio.gui.widgets.pictures.grid_layout import fit_grid
from ddpm_studio.gui.widgets.pictures.pixel_inspector import Pixel, PixelInspectorGrid
from ddpm_studio.gui.widgets.pictures.zooming import ViewState
from ddpm_studio.gui.workspace.studio import Studio

Arrangement = Literal["grid", "single", "strip"]
Key = tuple[int, str]
"""(index of the trajectory, name of the view)."""

SYMBOLS = {"x_t": "xₜ", "x0_hat": X0_HAT, "eps": "ε̂", "dx_t": "Δxₜ", "dx0_hat": f"Δ{X0_HAT}"}
# Range of the 8-bit levels, ±end: values beyond it are clamped to its end.
_ENDS = {"x_t": 1.0, "eps": 3.0}
_STRIP_HEIGHT = 72
# Minimum height of a grid, in pixels; with less room the panel scrolls.
_GRID_HEIGHT = 96
_CAPTION_HEIGHT = 22


class ProcessViews(QWidget):
    """Grids, single pictures or film strips, all at the same position of a :class:`Process`.

    Args:
        studio: receives the pictures that a context menu sends to tools.
        parent: the parent widget.
    """

    current_changed = Signal(int)
    """Another picture is the current one; carries its index."""
    selection_changed = Signal()
    """The selection has changed."""
    inspected = Signal(str)
    """Text with the numbers of the inspected pixel; empty: none is inspected."""
    scrubbed = Signal(int, int)
    """A frame was chosen in a film strip; (index of the trajectory, index of the frame)."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._process = Process()
        self._position = 0
        self._chosen: tuple[str, ...] = ("x_t", "x0_hat", "eps")
        self._arrangement: Arrangement = "grid"
        self._pixel: Pixel | None = None
        self._selecting = False
        self._active_key: Key | None = None
        self.grids: dict[Key, PixelInspectorGrid] = {}
        self.strips: dict[Key, FilmStrip] = {}
        self._cells: dict[tuple[Key, bool], _Cell] = {}
        self.empty = EmptyState("film")
        self._table = QWidget()
        self._layout = QGridLayout(self._table)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(SPACE_M)
        self._column_count = 0
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(self._table)
        self._arrange()

    @property
    def chosen(self) -> tuple[str, ...]:
        """The views that are shown."""
        return self._chosen

    @property
    def arrangement(self) -> Arrangement:
        """How the views are arranged: as grids, single pictures or film strips."""
        return self._arrangement

    @property
    def picture(self) -> int:
        """Index of the current picture; -1 if there are no pictures."""
        current = next((grid.current for grid in self.grids.values() if grid.count), -1)
        # A hidden grid may still hold the pictures of an earlier, larger process.
        return min(current, self._count() - 1) if self._process.ready else current

    @property
    def active_view(self) -> Key:
        """The view in which a picture was selected last, if it is still shown; else the first."""
        keys = self.keys
        return self._active_key if self._active_key in keys and self.has_selection else keys[0]

    @property
    def has_selection(self) -> bool:
        """Whether the current picture is selected, or is the only one shown."""
        return self._arrangement != "grid" or any(grid.selected for grid in self.grids.values())

    @property
    def keys(self) -> list[Key]:
        """Keys of the views shown, in row-major order of the table."""
        count = max(1, len(self._process.trajectories))
        if self._arrangement == "strip":
            return [(number, view) for number in range(count) for view in self._chosen]
        return [(number, view) for view in self._chosen for number in range(count)]

    def set_process(self, process: Process) -> None:
        """Show another process; the empty state while it has no frames."""
        self._process, self._position = process, 0
        self._arrange()

    def set_chosen(self, views: tuple[str, ...]) -> None:
        """Set which of :data:`VIEWS` are shown."""
        self._chosen = views
        self._arrange()

    def set_arrangement(self, arrangement: Arrangement) -> None:
        """Show all pictures, only the current one, or its frames as film strips."""
        self._arrangement = arrangement
        self._arrange()

    def show_position(self, position: int) -> None:
        """Show another position of the process."""
        self._position = position
        if not self._process.ready:
            self._pages.setCurrentWidget(self.empty)
            return
        if self._pages.currentWidget() is not self._table:
            self._pages.setCurrentWidget(self._table)
            if self._columns() != self._column_count:
                # Only now the number of pictures is known, which the layout depends on.
                self._arrange()
                return
        for key in self.keys:
            self._show(key)
        self._emit_inspected()

    def update_strips(self) -> None:
        """Add new frames to the film strips; the grids show one frame and need no update."""
        if self._arrangement == "strip" and self._process.ready:
            for key in self.keys:
                self._fill_strip(key)

    def select(self, picture: int) -> None:
        """Make another picture the current one, by its index, in all grids."""
        for grid in self.grids.values():
            if grid.current != picture and 0 <= picture < grid.count:
                grid.select([picture])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Choose the number of columns that makes the pictures largest."""
        super().resizeEvent(event)
        if self._process.ready and self._columns() != self._column_count:
            self._arrange()

    def coverage(self, count: int, picture: tuple[int, int]) -> float:
        """Return the fraction of the area that ``count`` pictures (height, width) would cover."""
        cells = len(self._chosen)
        return max(self._layouts(cells, count, picture).values())[1]

    def _columns(self) -> int:
        """Return the best number of views side by side."""
        count = len(self.keys)
        if self._arrangement == "strip":
            return 1
        if self._process.comparing and len(self._chosen) > 1:
            return len(self._process.trajectories)
        if not self._process.ready:
            return count
        pictures = 1 if self._arrangement == "single" else self._count()
        shape = self._process.trajectories[0].frames[0].x_t_kept.shape[1:3]
        found = self._layouts(count, pictures, (shape[0], shape[1]))
        return max(found, key=lambda columns: (*found[columns], columns))

    def _layouts(
        self, cells: int, count: int, picture: tuple[int, int]
    ) -> dict[int, tuple[float, float]]:
        """Return zoom and covered fraction of the area for each number of views side by side."""
        found = {}
        for columns in range(1, cells + 1):
            rows = cells // columns
            if rows * columns != cells:
                continue
            cell_width = (self.width() - (columns - 1) * SPACE_M) // columns
            cell_height = (self.height() - (rows - 1) * SPACE_M) // rows - _CAPTION_HEIGHT
            if cell_height < _GRID_HEIGHT and columns < cells:
                continue
            layout = fit_grid(
                count,
                picture,
                (max(1, cell_height), max(1, cell_width)),
                gap=SPACE_S,
                caption=0,
                margin=SPACE_S,
                smallest=_GRID_HEIGHT // 2,
            )
            used_height, used_width = layout.tiles_size
            used_height = min(cell_height, used_height) + (rows - 1) * (
                cell_height + _CAPTION_HEIGHT + SPACE_M
            )
            used_width = min(cell_width, used_width) + (columns - 1) * (cell_width + SPACE_M)
            area = max(1, self.width() * self.height())
            found[columns] = (
                layout.zoom,
                used_height * used_width * layout.filled_share(count) / area,
            )
        return found

    def _cell(self, key: Key) -> _Cell:
        strip = self._arrangement == "strip"
        cell = self._cells.get((key, strip))
        if cell is None:
            symbol = SYMBOLS[key[1]]
            if strip:
                film_strip = self.strips[key] = FilmStrip(
                    self.tr("Film strip of {0}").format(symbol)
                )
                film_strip.setMinimumHeight(_STRIP_HEIGHT)
                film_strip.scrubbed.connect(self._on_scrubbed)
                cell = _Cell(film_strip, self._table)
            else:
                grid = self.grids[key] = PixelInspectorGrid(symbol)
                grid.setMinimumHeight(_GRID_HEIGHT)
                grid.current_changed.connect(self._on_current)
                grid.selection_changed.connect(self._on_selection)
                grid.picked.connect(partial(self._on_picked, key))
                grid.pixel_hovered.connect(self._on_pixel_hovered)
                grid.view_changed.connect(self._on_view_changed)
                PictureMenu(self._studio, grid)
                cell = _Cell(grid, self._table)
            self._cells[key, strip] = cell
        return cell

    def _arrange(self) -> None:
        while self._layout.count():
            self._layout.takeAt(0)
        shown = [self._cell(key) for key in self.keys]
        columns = self._column_count = self._columns()
        for number in range(max(self._layout.columnCount(), self._layout.rowCount())):
            self._layout.setColumnStretch(number, int(number < columns))
            self._layout.setRowStretch(number, int(number < -(-len(shown) // max(1, columns))))
        for cell in self._cells.values():
            cell.setVisible(cell in shown)
        for number, cell in enumerate(shown):
            row, column = divmod(number, columns)
            self._layout.addWidget(cell, row, column)
            self._layout.setColumnStretch(column, 1)
            self._layout.setRowStretch(row, 1)
        self.update_strips()
        self.show_position(self._position)

    def _show(self, key: Key) -> None:
        number, view = key
        trajectory = self._process.trajectories[number]
        index = self._process.index(number, self._position)
        frame = trajectory.frames[index]
        cell = self._cell(key)
        cell.caption.setText(self._caption(key, index))
        if self._arrangement == "strip":
            self.strips[key].set_current(index)
            return
        recipe = trajectory.recipe and {**trajectory.recipe, "moment": frame.t, "view": view}
        grid, previous = self.grids[key], self.picture
        grid.set_single(self._arrangement == "single")
        grid.set_pictures(trajectory.view(view, index), recipe=recipe or None)
        if 0 <= previous < grid.count and grid.current != previous:
            grid.select([previous])
        grid.set_pixel(self._pixel)

    def _fill_strip(self, key: Key) -> None:
        number, view = key
        trajectory = self._process.trajectories[number]
        captions = [f"{t:,}" for t in trajectory.ts]
        self.strips[key].set_frames(trajectory.picture_frames(view, max(0, self.picture)), captions)

    def _caption(self, key: Key, index: int) -> str:
        number, view = key
        trajectory = self._process.trajectories[number]
        meaning = {
            "x_t": self.tr("noisy picture"),
            "x0_hat": self.tr("predicted picture"),
            "eps": self.tr("predicted noise"),
            "dx_t": self.tr("change ×{0}"),
            "dx0_hat": self.tr("change ×{0}"),
        }[view].format(trajectory.gain(view))
        if not self._process.comparing:
            return f"{SYMBOLS[view]}  {meaning}"
        t_text = f"t = {trajectory.frames[index].t:,}"
        gain = f" ×{trajectory.gain(view)}" if view.startswith("d") else ""
        symbol = f"   {SYMBOLS[view]}{gain}" if len(self._chosen) > 1 or gain else ""
        return f"{trajectory.title}   {t_text}{symbol}"

    def _on_current(self, picture: int) -> None:
        self.select(picture)
        self.update_strips()
        self.current_changed.emit(picture)

    def _on_selection(self, selected: list[int]) -> None:
        """Select the same pictures in every view."""
        if self._selecting:
            return
        self._selecting = True
        for grid in self.grids.values():
            if grid.selected != selected:
                grid.select(selected)
        self._selecting = False
        self.selection_changed.emit()

    def _on_picked(self, key: Key) -> None:
        self._active_key = key
        # Emitted even if the picture is the same: it may be in another view.
        self.selection_changed.emit()

    def _on_pixel_hovered(self, pixel: Pixel | None) -> None:
        self._pixel = pixel
        for grid in self.grids.values():
            grid.set_pixel(pixel)
        self._emit_inspected()

    def _on_view_changed(self, view_state: ViewState) -> None:
        """Apply the zoom and pan of one view to all views."""
        for grid in self.grids.values():
            grid.set_view_state(view_state)

    def _on_scrubbed(self, index: int) -> None:
        strip = self.sender()
        key = next(key for key, known in self.strips.items() if known is strip)
        self._on_picked(key)
        self.scrubbed.emit(key[0], index)

    def _emit_inspected(self) -> None:
        """Emit the numbers behind the inspected pixel."""
        pixel = self._pixel
        if pixel is None or not self._process.ready or pixel[0] >= self._count():
            self.inspected.emit("")
            return
        picture, row, column = pixel
        parts = [self.tr("picture {0}, row {1}, column {2}").format(picture + 1, row, column)]
        for number, trajectory in enumerate(self._process.trajectories):
            index = self._process.index(number, self._position)
            value_texts = [
                f"{SYMBOLS[view]} {self._numbers(trajectory, view, index, pixel)}"
                for view in self._chosen
            ]
            title = f"{trajectory.title}: " if self._process.comparing else ""
            parts.append(title + "   ".join(value_texts))
        self.inspected.emit("   ".join(parts))

    def _count(self) -> int:
        return min(len(trajectory.frames[0].x_t_kept) for trajectory in self._process.trajectories)

    def _numbers(self, trajectory: Trajectory, view: str, index: int, pixel: Pixel) -> str:
        """Format values with two decimals; clamped ones at the end of the range with ≥ or ≤."""
        limit = _ENDS.get(view, math.inf) if trajectory.is_clamped(view, index) else math.inf
        texts = []
        for value in trajectory.values(view, index, pixel):
            sign = "≥ " if value >= limit else "≤ " if value <= -limit else ""
            texts.append(sign + f"{value:.2f}".replace("-", "−"))
        return " ".join(texts)


class _Cell(QWidget):
    """A view with its caption above."""

    def __init__(self, view: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self.caption = ElidedLabel("", "muted")
        self.caption.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.caption)
        layout.addWidget(view, 1)
