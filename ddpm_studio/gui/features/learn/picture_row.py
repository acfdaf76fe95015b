"""Row of the pictures of a sum and of its result, scaled to the room available."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_M

_SMALLEST_TILE, _LARGEST_TILE = 90, 224
# In a tall window a picture may be as high as this share of the window.
_PART_OF_WINDOW = 0.25
# Width of all that is next to the three pictures, and next to the first two, in pixels.
_ONE_ROW_EXTRA_WIDTH, _TWO_ROWS_EXTRA_WIDTH = 276, 218
_FIRST_ROW_TILES = 2


class PictureRow(QWidget):
    """A row whose pictures scale with its width; in a narrow row the last one wraps below.

    Args:
        tiles: the three pictures: the two that are added, and the result.
    """

    def __init__(self, tiles: Sequence[QWidget]) -> None:
        super().__init__()
        self._tiles = tiles
        self._box_layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box_layout.setContentsMargins(0, 0, 0, 0)
        self._box_layout.setSpacing(SPACE_M)
        # The pictures' current size must not keep the row from getting narrower.
        self._box_layout.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        self.setMinimumWidth(2 * _SMALLEST_TILE + _TWO_ROWS_EXTRA_WIDTH)
        self._rows = [QHBoxLayout(), QHBoxLayout()]
        self._box_layout.addStretch()
        for row in self._rows:
            row.setSpacing(SPACE_M)
            self._box_layout.addLayout(row)
        self._box_layout.addStretch()
        self._tiles_added = 0

    def add(self, part: QWidget) -> None:
        """Add a widget at the right end; those after the second picture may wrap below."""
        row = self._rows[0 if self._tiles_added < _FIRST_ROW_TILES else 1]
        row.addWidget(part, 0, Qt.AlignmentFlag.AlignVCenter)
        self._tiles_added += part in self._tiles

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Resize the pictures to fit, and choose between one row and two."""
        super().resizeEvent(event)
        side_in_one_row = (self.width() - _ONE_ROW_EXTRA_WIDTH) // len(self._tiles)
        in_one_row = side_in_one_row >= _SMALLEST_TILE
        side = (
            side_in_one_row
            if in_one_row
            else (self.width() - _TWO_ROWS_EXTRA_WIDTH) // _FIRST_ROW_TILES
        )
        largest = max(_LARGEST_TILE, round(self.window().height() * _PART_OF_WINDOW))
        side = min(max(side, _SMALLEST_TILE), largest)
        vertical = QBoxLayout.Direction.TopToBottom
        self._box_layout.setDirection(QBoxLayout.Direction.LeftToRight if in_one_row else vertical)
        for tile in self._tiles:
            tile.setFixedSize(side, side)
        self.setFixedHeight(side if in_one_row else 2 * side + SPACE_M)
