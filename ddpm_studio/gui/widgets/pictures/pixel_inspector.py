"""Pixel inspector: a picture grid that reports the pixel under the pointer."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid

Pixel = tuple[int, int, int]
"""A pixel: index of the picture, row, column."""

_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class PixelInspectorGrid(PictureGrid):
    """Picture grid that reports the pixel under the pointer, and marks one.

    Alt and the arrows move from pixel to pixel of the current picture; Escape ends it.
    """

    pixel_hovered = Signal(object)
    """Emitted with the :data:`Pixel` under the pointer, or None when it has left."""
    picked = Signal()
    """Emitted when the user selects a picture here, also if it was selected already."""

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._pixel: Pixel | None = None
        self.setAccessibleDescription(self.tr("Alt and arrows: values of single pixels"))

    @property
    def pixel(self) -> Pixel | None:
        """The marked pixel, if any."""
        return self._pixel

    def set_pixel(self, pixel: Pixel | None) -> None:
        """Mark a pixel, or none; nothing is emitted."""
        if pixel != self._pixel:
            self._pixel = pixel
            self.viewport().update()

    def pixel_at(self, position: QPoint) -> Pixel | None:
        """Return the pixel at a point of the viewport; None outside of pictures."""
        index = self.index_at(position)
        if index is None:
            return None
        tile = self.tile_rect(index)
        height, width = self.picture(index).shape[:2]
        row = (position.y() - tile.top()) * height // max(1, tile.height())
        column = (position.x() - tile.left()) * width // max(1, tile.width())
        return index, min(max(row, 0), height - 1), min(max(column, 0), width - 1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Emit ``pixel_hovered`` with the pixel under the pointer."""
        super().mouseMoveEvent(event)
        if not event.buttons():
            self.pixel_hovered.emit(self.pixel_at(event.position().toPoint()))

    def viewportEvent(self, event: QEvent) -> bool:
        """Emit ``pixel_hovered`` with None when the pointer leaves; suppress tooltips.

        A tooltip would cover neighbouring pictures, and slots of ``pixel_hovered`` show more.
        """
        if event.type() == QEvent.Type.ToolTip:
            return True
        if event.type() == QEvent.Type.Leave:
            self.pixel_hovered.emit(None)
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move from pixel to pixel with Alt and the arrows; stop with Escape."""
        alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if alt and event.key() in _STEPS and self.current >= 0:
            self.pixel_hovered.emit(self._next(*_STEPS[Qt.Key(event.key())]))
        elif event.key() == Qt.Key.Key_Escape and self._pixel is not None:
            self.pixel_hovered.emit(None)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the grid and a frame around the marked pixel."""
        super().paintEvent(event)
        if self._pixel is None or self._layout is None or not self._pixel[0] < self.count:
            return
        index, row, column = self._pixel
        if self.is_single and index != self.current:
            return
        tile = QRectF(self.tile_rect(index))
        height, width = self.picture(index).shape[:2]
        pixel_width, pixel_height = tile.width() / width, tile.height() / height
        pixel_rect = QRectF(
            tile.left() + column * pixel_width,
            tile.top() + row * pixel_height,
            pixel_width,
            pixel_height,
        )
        theme = current_theme()
        painter = QPainter(self.viewport())
        for role, margin in (("ground", 2), ("accent", 1)):
            painter.setPen(QPen(theme.color(role), 1))
            painter.drawRect(pixel_rect.adjusted(-margin, -margin, margin - 1, margin - 1))
        painter.end()

    def _next(self, down: int, right: int) -> Pixel:
        height, width = self.picture(self.current).shape[:2]
        if self._pixel is None or self._pixel[0] != self.current:
            return self.current, height // 2, width // 2
        _, row, column = self._pixel
        return (
            self.current,
            min(max(row + down, 0), height - 1),
            min(max(column + right, 0), width - 1),
        )

    def _choose(self, index: int | None, modifiers: Qt.KeyboardModifier) -> None:
        self.picked.emit()
        super()._choose(index, modifiers)
