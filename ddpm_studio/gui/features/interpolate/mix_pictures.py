"""Picture area of the Interpolate tab: source pictures or path, and the row or rows of mixes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QWidget

from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.interpolate.mix_rows import show_mixes, show_square
from ddpm_studio.gui.features.interpolate.mix_view import MixView
from ddpm_studio.gui.features.interpolate.path_view import PathView
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.jobs.drawing.recipes import Recipe

_ROW_HEIGHT = 112
_ROW_MARGIN = 32
_SIDE_BY_SIDE_STRETCHES = 2, 3
_NO_LIMIT = 16_777_215


class MixPictures(QWidget):
    """Container that divides its height among the views; the row of mixes grows with the window.

    Args:
        view: two or four source pictures, with the preview between them.
        path: replaces the view in path mode.
        grid: one row of mixes, or several.
    """

    def __init__(self, view: MixView, path: PathView, grid: RowGrid) -> None:
        super().__init__()
        self._view, self._path, self._grid = view, path, grid
        self._is_matrix = False
        # Height that integer zooms leave unused in the row; the view above gets it.
        self._spare = 0
        grid.current_changed.connect(self._divide_height)
        self._column = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE_S)
        self._column.addWidget(view, 3)
        self._column.addWidget(path, 3)
        self._column.addWidget(grid, 1)

    def show_mode(self, mode: str) -> None:
        """Show the widgets of a mode of :class:`MixChoices`."""
        self._is_matrix = mode == "matrix"
        self._view.show_mode(mode)
        self._view.setVisible(mode != "path")
        self._path.setVisible(mode == "path")
        self._grid.setVisible(mode in ("row", "matrix"))
        expanding, fixed = QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed
        self._grid.setSizePolicy(expanding, expanding if self._is_matrix else fixed)
        self._divide_height()

    def keys(self, mode: str) -> list[tuple[Pictures, int | None]]:
        """Return the pictures to interpolate, each with its class; empty while some are missing."""
        slots = self._slots(mode)
        if any(slot.waiting for slot in slots):
            return []
        found = [
            (source.fitted, source.class_label) for source in slots if source.fitted is not None
        ]
        required = 2 if mode == "path" else len(slots)
        return found if len(found) >= required else []

    def set_classes(self, mode: str, numbers: Sequence[int | None]) -> None:
        """Set the classes of the source pictures, in order; None: no class."""
        for slot, number in zip(self._slots(mode), numbers, strict=False):
            slot.set_class(number)

    def show_drawn(
        self, mode: str, pictures: Pictures | None, ts: Sequence[int], recipe: Recipe | None
    ) -> None:
        """Show interpolated pictures, finished or not.

        Args:
            mode: mode of :class:`MixChoices`.
            pictures: all pictures (N, H, W, C), or None.
            ts: the t of each row, if there are several rows.
            recipe: their recipe; None: they are not finished.
        """
        trail, preview = self._view.trail, self._view.preview
        if mode == "path":
            self._path.show_frames(pictures, recipe)
        elif trail.text:
            trail.show_frames(pictures, recipe)
        elif mode == "pad":
            preview.set_rows(pictures, (), recipe=recipe)
        elif mode == "corners":
            show_square(preview, pictures, recipe)
        else:
            show_mixes(self._grid, pictures, ts, recipe)

    def clear(self) -> None:
        """Clear all views and stop the playback."""
        self._view.trail.show_frames(None, None)
        self._path.show_frames(None)
        self._view.preview.set_rows(None, ())
        self._grid.set_rows(None, ())

    def _slots(self, mode: str) -> Sequence[SourceSlot]:
        return self._path.slots if mode == "path" else self._view.slots_of(mode)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Enlarge the row in a high window, and put several rows next to the view in a wide one."""
        super().resizeEvent(event)
        self._divide_height()

    def _divide_height(self, *_: object) -> None:
        # As high as the width of one of seven pictures in a row, but at most a third of the height.
        max_height = max(_ROW_HEIGHT, min(self.height() // 3, self.width() // 7 + _ROW_MARGIN))
        if self._grid.count and not self._is_matrix:
            self._spare = max_height - self._grid.fitting_height(self.width(), max_height)
        row = max_height - self._spare
        # Below the view, several rows would be small, with empty space at the sides.
        side_by_side = self._is_matrix and self.width() > self.height()
        direction = QBoxLayout.Direction
        self._column.setDirection(direction.LeftToRight if side_by_side else direction.TopToBottom)
        for part, stretch in zip(
            (self._view, self._grid), self._stretches(side_by_side), strict=True
        ):
            self._column.setStretchFactor(part, stretch)
        is_low = self._is_matrix and not side_by_side
        self._view.preview.setMaximumHeight(_ROW_HEIGHT if is_low else _NO_LIMIT)
        self._grid.setMaximumHeight(_NO_LIMIT if self._is_matrix else row)
        self._grid.setMinimumHeight(_ROW_HEIGHT if self._is_matrix else row)

    def _stretches(self, side_by_side: bool) -> tuple[int, int]:
        """Return the stretch factors of the view and of the rows."""
        if side_by_side:
            return _SIDE_BY_SIDE_STRETCHES
        return (0, 1) if self._is_matrix else (1, 0)
