"""XY pad: a square field in which a point sets two numbers at once."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_BODY, RADIUS, SPACE_L
from ddpm_studio.gui.widgets.layout.basics import name

_STEP, _SMALL_STEP = 0.05, 0.01
_POINT = 7.0
_LINES = 4
_ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class XYPad(QWidget):
    """XY pad that sets u (left to right) and v (top to bottom), each in 0..1.

    Drag or click moves the point; arrows move it by 0.05, with Shift by 0.01; Home centres it.

    Args:
        title: accessible name.
        corners: labels of the corners, in reading order.
        parent: the owner.
    """

    changed = Signal()
    """Emitted when ``u`` or ``v`` has changed."""
    released = Signal()
    """Emitted when the mouse has released the point."""

    def __init__(
        self, title: str, corners: tuple[str, str, str, str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._corners = corners
        self.u = self.v = 0.5
        #: Whether the point is being dragged.
        self.is_dragged = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._trail: Sequence[tuple[float, float]] = ()
        self._mark: tuple[float, float] | None = None
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        name(self, title, self.tr("Drag the point, or move it with the arrow keys"))
        current_theme().changed.connect(self.update)

    def set_point(self, u: float, v: float) -> None:
        """Move the point, clamped to the field."""
        u, v = min(max(u, 0.0), 1.0), min(max(v, 0.0), 1.0)
        if (u, v) != (self.u, self.v):
            self.u, self.v = u, v
            self.update()
            self.changed.emit()

    def set_trail(self, points: Sequence[tuple[float, float]]) -> None:
        """Show a path through points (u, v); empty: none."""
        self._trail, self._mark = tuple(points), None
        self.update()

    def set_mark(self, point: tuple[float, float] | None) -> None:
        """Mark a position (u, v) on the path, without moving the point; None: no mark."""
        self._mark = point
        self.update()

    def sizeHint(self) -> QSize:
        """Return a square preferred size."""
        return QSize(200, 200)

    def field(self) -> QRectF:
        """Return the square in which the point moves, in logical pixels."""
        side = min(self.width(), self.height()) - 2 * _POINT
        box = QRectF(0, 0, side, side)
        box.moveCenter(QRectF(self.rect()).center())
        return box

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the field, its corner labels, the path and the point."""
        theme, box = current_theme(), self.field()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("outline"), 1))
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(box, RADIUS, RADIUS)
        painter.setPen(QPen(theme.color("line"), 1))
        for k in range(1, _LINES):
            x = box.left() + box.width() * k / _LINES
            y = box.top() + box.height() * k / _LINES
            painter.drawLine(QPointF(x, box.top() + 1), QPointF(x, box.bottom() - 1))
            painter.drawLine(QPointF(box.left() + 1, y), QPointF(box.right() - 1, y))
        if len(self._trail) > 1:
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawPolyline([self._to_pixels(box, u, v) for u, v in self._trail])
        position = self._to_pixels(box, *(self._mark or (self.u, self.v)))
        painter.setPen(QPen(theme.color("accent"), 1))
        painter.drawLine(QPointF(position.x(), box.top()), QPointF(position.x(), box.bottom()))
        painter.drawLine(QPointF(box.left(), position.y()), QPointF(box.right(), position.y()))
        self._paint_corners(painter, box)
        painter.setPen(QPen(theme.color("text" if self.hasFocus() else "panel"), 2))
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(position, _POINT - 1, _POINT - 1)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move the point to the pointer and begin a drag."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.is_dragged = True
            self._drag_to(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the point."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._drag_to(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag and emit ``released``."""
        if event.button() == Qt.MouseButton.LeftButton and self.is_dragged:
            self.is_dragged = False
            self.released.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the point with the arrows; centre it with Home."""
        key = event.key()
        is_small = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if key in _ARROWS:
            step = _SMALL_STEP if is_small else _STEP
            dx, dy = _ARROWS[key]
            self.set_point(round(self.u + dx * step, 4), round(self.v + dy * step, 4))
        elif key == Qt.Key.Key_Home:
            self.set_point(0.5, 0.5)
        else:
            super().keyPressEvent(event)

    def _drag_to(self, event: QMouseEvent) -> None:
        box, at = self.field(), event.position()
        side = max(1.0, box.width())
        self.set_point(
            round((at.x() - box.left()) / side, 4), round((at.y() - box.top()) / side, 4)
        )

    def _paint_corners(self, painter: QPainter, box: QRectF) -> None:
        """Draw the corner labels, each with a background over the grid lines."""
        theme = current_theme()
        painter.setFont(body_font(FONT_BODY))
        painter.setPen(theme.color("muted"))
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        top, bottom = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
        inner = box.adjusted(SPACE_L, SPACE_L, -SPACE_L, -SPACE_L)
        alignments = (left | top, right | top, left | bottom, right | bottom)
        for text, alignment in zip(self._corners, alignments, strict=True):
            background = painter.boundingRect(inner, alignment, text).adjusted(-2, 0, 2, 0)
            painter.fillRect(background, theme.color("raised"))
            painter.drawText(inner, alignment, text)

    def _to_pixels(self, box: QRectF, u: float, v: float) -> QPointF:
        return QPointF(box.left() + u * box.width(), box.top() + v * box.height())
