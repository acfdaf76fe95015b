"""Pixel picker: a picture in which one pixel is chosen."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.features.learn.picture_tile import PictureTile
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.theme import current_theme


class PixelTile(PictureTile):
    """A :class:`PictureTile` in which the mouse or the arrow keys choose a pixel.

    ``picked`` is emitted when :meth:`pick` has changed ``pixel`` (column, row).
    """

    picked = Signal()

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.pixel = (0, 0)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def set_picture(self, picture: Pictures | None) -> None:
        """Show another picture; one of another shape resets the pixel to its middle."""
        previous = self.picture
        super().set_picture(picture)
        if picture is not None and (previous is None or previous.shape != picture.shape):
            self.pixel = picture.shape[1] // 2, picture.shape[0] // 2
        self._describe()

    def pick(self, column: int, row: int) -> None:
        """Choose a pixel, clamped to the picture."""
        if self.picture is None:
            return
        height, width = self.picture.shape[:2]
        pixel = min(max(column, 0), width - 1), min(max(row, 0), height - 1)
        if pixel != self.pixel:
            self.pixel = pixel
            self._describe()
            self.update()
            self.picked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, and a ring around the pixel."""
        super().paintEvent(event)
        area = self._area()
        if area is None or self.picture is None:
            return
        side = area.width() / self.picture.shape[1]
        column, row = self.pixel
        ring = QRectF(area.left() + column * side, area.top() + row * side, side, side)
        ring.adjust(-2, -2, 2, 2)
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Two rings, so that one of them is visible on any picture.
        for role, width in (("on_accent", 4.0), ("accent", 2.0)):
            painter.setPen(QPen(theme.color(role), width))
            painter.drawRect(ring)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the pixel below the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pick_at(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Choose while the button is held."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._pick_at(event.position())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go to the neighbouring pixel."""
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        if event.key() in steps:
            dx, dy = steps[Qt.Key(event.key())]
            self.pick(self.pixel[0] + dx, self.pixel[1] + dy)
        else:
            super().keyPressEvent(event)

    def _pick_at(self, position: QPointF) -> None:
        area = self._area()
        if area is not None and self.picture is not None:
            side = area.width() / self.picture.shape[1]
            self.pick(
                int((position.x() - area.left()) // side), int((position.y() - area.top()) // side)
            )

    def _describe(self) -> None:
        column, row = self.pixel
        template = self.tr("column {0}, row {1}; arrow keys go to its neighbours")
        self.setAccessibleDescription(template.format(column + 1, row + 1))
