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
_BESIDE_TILES, _BESIDE_TWO = 276, 218
_MIXED = 2


class PictureRow(QWidget):
    """A row whose pictures scale with its width; in a narrow row the last one wraps below.

    Args:
        tiles: the three pictures: the two that are added, and the result.
    """

    def __init__(self, tiles: Sequence[QWidget]) -> None:
        super().__init__()
        self._tiles = tiles
        self._whole = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._whole.setSpacing(SPACE_M)
        # The pictures' current size must not keep the row from getting narrower.
        self._whole.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        self.setMinimumWidth(2 * _SMALLEST_TILE + _BESIDE_TWO)
        self._rows = [QHBoxLayout(), QHBoxLayout()]
        self._whole.addStretch()
        for row in self._rows:
            row.setSpacing(SPACE_M)
            self._whole.addLayout(row)
        self._whole.addStretch()
        self._begun = 0

    def add(self, part: QWidget) -> None:
        """Add a widget at the right end; those after the second picture may wrap below."""
        row = self._rows[0 if self._begun < _MIXED else 1]
        row.addWidget(part, 0, Qt.AlignmentFlag.AlignVCenter)
        self._begun += part in self._tiles

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Resize the pictures to fit, and choose between one row and two."""
        super().resizeEvent(event)
        beside = (self.width() - _BESIDE_TILES) // len(self._tiles)
        in_one = beside >= _SMALLEST_TILE
        side = beside if in_one else (self.width() - _BESIDE_TWO) // _MIXED
        largest = max(_LARGEST_TILE, round(self.window().height() * _PART_OF_WINDOW))
        side = min(max(side, _SMALLEST_TILE), largest)
        below = QBoxLayout.Direction.TopToBottom
        self._whole.setDirection(QBoxLayout.Direction.LeftToRight if in_one else below)
        for tile in self._tiles:
            tile.setFixedSize(side, side)
        self.setFixedHeight(side if in_one else 2 * side + SPACE_M)
