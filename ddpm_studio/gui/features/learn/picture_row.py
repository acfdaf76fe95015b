"""The pictures of a mixture and what comes of it, as large as there is room."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_M

_SMALLEST_TILE, _LARGEST_TILE = 90, 224
# In a high window a picture is as high as this part of it.
_PART_OF_WINDOW = 0.25
# The words beside the three pictures, and beside the two that are mixed.
_BESIDE_TILES, _BESIDE_TWO = 276, 218
_MIXED = 2


class PictureRow(QWidget):
    """A row in which the pictures grow as large as there is room; the last goes below if need be.

    Args:
        tiles: the three pictures: what is mixed, and what comes of it.
    """

    def __init__(self, tiles: Sequence[QWidget]) -> None:
        super().__init__()
        self._tiles = tiles
        self._whole = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._whole.setSpacing(SPACE_M)
        # The pictures' present size must not keep the row from getting narrower.
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
        """Put one more thing at the right end; what comes after the second picture may go below."""
        row = self._rows[0 if self._begun < _MIXED else 1]
        row.addWidget(part, 0, Qt.AlignmentFlag.AlignVCenter)
        self._begun += part in self._tiles

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share out the room."""
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
