"""Picture tile: a square with one picture, which can be dragged out or copied."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import (
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from ddpm_studio.gui.platform.images import Pictures, band_selection
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import RADIUS
from ddpm_studio.gui.widgets.pictures.checkerboard import paint_checkerboard
from ddpm_studio.gui.widgets.pictures.picture_drag import copy_picture, drag_picture, scaled_pixmap


class PictureTile(QWidget):
    """Shows one picture (H, W, C), small ones enlarged by a whole factor; drag or Ctrl+C copies.

    Args:
        title: what is shown, for assistive tools.
        parent: the owner.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture: Pictures | None = None
        """The picture shown, or None."""
        self._pixmap: QPixmap | None = None
        self._pressed: QPoint | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(title)
        self.setToolTip(title)
        current_theme().changed.connect(self.update)
        band_selection().changed.connect(self._rescale)

    def set_picture(self, picture: Pictures | None) -> None:
        """Show another picture, or none."""
        self.picture, self._pixmap = picture, None
        self.update()

    def _rescale(self) -> None:
        self._pixmap = None
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for a square."""
        return QSize(124, 124)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture in the middle."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setBrush(theme.color("ground"))
        painter.setPen(QPen(theme.color("accent" if self.hasFocus() else "line"), 1))
        painter.drawRoundedRect(frame, RADIUS, RADIUS)
        area = self._area()
        if self._pixmap is not None and area is not None:
            paint_checkerboard(painter, area, self._pixmap)
            painter.drawPixmap(area.topLeft(), self._pixmap)
        painter.end()

    def _area(self) -> QRectF | None:
        """Return the rectangle of the picture, at whole logical pixels; None without one."""
        if self.picture is None:
            return None
        ratio = self.devicePixelRatioF()
        if self._pixmap is None or self._pixmap.devicePixelRatio() != ratio:
            side = min(self.width(), self.height()) - 4
            self._pixmap = scaled_pixmap(self.picture, max(1, side), ratio)
        size = self._pixmap.deviceIndependentSize()
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        return QRectF(round(left), round(top), size.width(), size.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Discard the scaled pixmap, so that painting scales the picture again."""
        self._pixmap = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a drag may begin."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the picture, once the mouse has moved far enough."""
        if self._pressed is None or self.picture is None:
            return
        moved = (event.position().toPoint() - self._pressed).manhattanLength()
        if moved >= QApplication.startDragDistance():
            self._pressed = None
            drag_picture(self, self.picture, None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Forget the press."""
        self._pressed = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy the picture with Ctrl+C."""
        if event.matches(QKeySequence.StandardKey.Copy) and self.picture is not None:
            copy_picture(self.picture, None)
        else:
            super().keyPressEvent(event)
