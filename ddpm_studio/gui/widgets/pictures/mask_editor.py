"""Mask painter for inpainting: paint the part of a picture that is to be generated again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QLineF, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.platform.images import Pictures, band_selection, to_image
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.widgets.layout.basics import name
from ddpm_studio.gui.widgets.pictures.checkerboard import paint_checkerboard
from ddpm_studio.gui.widgets.pictures.grid_layout import MAX_INTEGER_ZOOM_SIDE
from ddpm_studio.gui.widgets.pictures.zooming import ZOOM_KEYS, WheelAccumulator, next_zoom

Mask = npt.NDArray[np.bool_]

_VEIL = 150
_MAX_UNDO_STEPS = 100
# Mouse buttons, indexed by whether the stroke paints: erase, paint.
_BUTTONS = (Qt.MouseButton.RightButton, Qt.MouseButton.LeftButton)
_ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class MaskEditor(QWidget):
    """Editor of a boolean mask (H, W) over a picture (H, W, C); True where it is painted.

    The left button paints, the right one erases. With the keyboard, the arrows move the brush,
    Space paints, Backspace and Delete erase. Each change can be undone and redone.

    The wheel zooms about the pointer; the middle button, or Ctrl with any button, pans; a double
    click outside of the picture, or with the middle button, zooms to fit. Keys: +, − and 0.
    """

    changed = Signal()
    """Emitted when a stroke has ended, or the whole mask was changed."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Pictures | None = None
        self.painted: Mask = np.zeros((0, 0), bool)
        self.brush = 3
        """Side of the square brush, in pixels of the picture."""
        self._cursor = QPoint(0, 0)
        self._stroke: bool | None = None
        self._previous_mask: Mask = self.painted
        self._undo_stack: list[Mask] = []
        self._redo_stack: list[Mask] = []
        self._hovered = self._suggested = False
        self._user_zoom: float | None = None
        # Offset of the picture's centre from the widget's, while zoomed in.
        self._pan_offset = QPoint()
        self._pan_position: QPoint | None = None
        self._wheel_accumulator = WheelAccumulator()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setMinimumSize(128, 128)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        name(
            self,
            title,
            self.tr("Paint over what is to be filled in; the right button erases"),
        )
        current_theme().changed.connect(self.update)
        band_selection().changed.connect(self.update)

    def set_picture(self, picture: Pictures | None) -> None:
        """Set the picture; the mask is kept if the size is the same, else reset."""
        self._picture = picture
        shape = (0, 0) if picture is None else picture.shape[:2]
        if self.painted.shape != shape:
            self.painted, self._suggested = np.zeros(shape, bool), False
            self._undo_stack, self._redo_stack = [], []
            # A stroke in progress belongs to the previous picture.
            self._stroke = self._pan_position = None
            self._user_zoom, self._pan_offset = None, QPoint()
            self._cursor = QPoint(shape[1] // 2, shape[0] // 2)
        self.update()

    def set_mask(self, mask: Mask) -> None:
        """Replace the whole mask, as one undo step; ValueError if its shape differs."""
        if mask.shape != self.painted.shape:
            raise ValueError(f"a mask of {mask.shape} for a picture of {self.painted.shape}")
        self._begin_change()
        self.painted = mask.copy()
        self._end_change()

    def suggest(self) -> None:
        """Paint the middle as an example, which the user's first stroke replaces."""
        height, width = self.painted.shape
        self.painted[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
        self._suggested = True
        self.update()

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to undo."""
        return bool(self._undo_stack)

    @property
    def can_redo(self) -> bool:
        """Whether there is a change to redo."""
        return bool(self._redo_stack)

    def undo(self) -> None:
        """Undo the last change of the mask, which is the stroke in progress if there is one."""
        self._end_stroke()
        self._swap(self._undo_stack, self._redo_stack)

    def redo(self) -> None:
        """Redo the change that was undone last; a stroke in progress is ended."""
        self._end_stroke()
        self._swap(self._redo_stack, self._undo_stack)

    def clear(self) -> None:
        """Erase the whole mask."""
        self.set_mask(np.zeros_like(self.painted))

    def invert(self) -> None:
        """Invert the mask."""
        self.set_mask(~self.painted)

    def sizeHint(self) -> QSize:
        """Return a square preferred size."""
        return QSize(320, 320)

    def picture_rect(self) -> QRect:
        """Return the rectangle of the picture in the widget; its pixels are squares."""
        height, width = self.painted.shape
        if not height:
            return QRect()
        zoom = self._user_zoom or self._fitting
        box = QRect(0, 0, round(width * zoom), round(height * zoom))
        box.moveCenter(self.rect().center() + self._pan_offset)
        return box

    @property
    def _fitting(self) -> float:
        """Zoom at which the picture fits: an integer of at least 1 for small pictures."""
        height, width = self.painted.shape
        zoom = min(self.width() / width, self.height() / height)
        return max(1.0, float(int(zoom))) if max(height, width) <= MAX_INTEGER_ZOOM_SIDE else zoom

    def zoom_by(self, steps: int, anchor: QPoint | None = None) -> None:
        """Zoom in or out by notches of the wheel; at the least, zoom to fit.

        Args:
            steps: number of notches; negative: zoom out.
            anchor: the fixed point in the widget; None: its centre.
        """
        if not self.painted.size:
            return
        old_rect, point = self.picture_rect(), anchor or self.rect().center()
        zoom = next_zoom(self._user_zoom or self._fitting, steps, max(self.painted.shape))
        self._user_zoom = zoom if zoom > self._fitting else None
        factor = self.picture_rect().width() / old_rect.width()
        offset = old_rect.center() - point
        self._pan_offset = QPoint()
        if self._user_zoom is not None:
            self._move_to(point + offset * factor - self.rect().center())
        self.update()

    def show_all(self) -> None:
        """Zoom to fit."""
        self._user_zoom, self._pan_offset = None, QPoint()
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        steps = self._wheel_accumulator.add(event.angleDelta().y())
        if steps < 0 and self._user_zoom is None:
            event.ignore()
        else:
            event.accept()
            self.zoom_by(steps, event.position().toPoint())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture, the mask as an overlay, and the brush."""
        if self._picture is None:
            return
        box, colour = self.picture_rect(), QColor(current_theme().color("accent"))
        painter = QPainter(self)
        picture = to_image(self._picture)
        paint_checkerboard(painter, box, picture)
        painter.drawImage(box, picture)
        height, width = self.painted.shape
        veil = np.zeros((height, width, 4), np.uint8)
        # Premultiplied, in the byte order of a little-endian 32-bit ARGB word.
        parts = (colour.blue(), colour.green(), colour.red(), 255)
        veil[self.painted] = [part * _VEIL // 255 for part in parts]
        image = QImage(
            veil.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied
        )
        painter.drawImage(box, image)
        self._draw_edge(painter, box)
        if self._hovered or self.hasFocus():
            painter.setPen(QPen(QColor(current_theme().color("text")), 1))
            painter.drawRect(self._brush_rect(box))
        painter.end()

    def _draw_edge(self, painter: QPainter, box: QRect) -> None:
        """Draw the outline of the mask, so that it is visible on a picture of its colour."""
        zoom = box.width() / max(1, self.painted.shape[1])
        painted = np.pad(self.painted, 1)
        lines = []
        for row, column in np.argwhere(painted[:-1] != painted[1:]):
            y, x = box.top() + row * zoom, box.left() + (column - 1) * zoom
            lines.append(QLineF(x, y, x + zoom, y))
        for row, column in np.argwhere(painted[:, :-1] != painted[:, 1:]):
            y, x = box.top() + (row - 1) * zoom, box.left() + column * zoom
            lines.append(QLineF(x, y, x, y + zoom))
        for colour, style in (("ground", Qt.PenStyle.SolidLine), ("text", Qt.PenStyle.DashLine)):
            painter.setPen(QPen(current_theme().color(colour), 1, style))
            painter.drawLines(lines)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke or a pan."""
        if self._stroke is not None or self._pan_position is not None:
            # Ignore other buttons during a stroke or a pan.
            return
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.button() == Qt.MouseButton.MiddleButton or ctrl:
            self._pan_position = event.position().toPoint() if self._user_zoom is not None else None
            return
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._begin_change()
            self._discard_suggestion()
            self._stroke = event.button() == Qt.MouseButton.LeftButton
            self._cursor = self._pixel(event)
            self._paint(self._cursor, self._stroke)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Continue the pan or the stroke, along a straight line from the last position."""
        if self._pan_position is not None:
            previous, self._pan_position = self._pan_position, event.position().toPoint()
            # It may have been zoomed to fit since the pan began.
            if self._user_zoom is not None:
                self._move_to(self._pan_offset + self._pan_position - previous)
                self.update()
            return
        start, self._cursor = self._cursor, self._pixel(event)
        self._hovered = True
        if self._stroke is not None:
            delta = self._cursor - start
            steps = max(abs(delta.x()), abs(delta.y()), 1)
            for step in range(steps + 1):
                offset = QPoint(round(delta.x() * step / steps), round(delta.y() * step / steps))
                self._paint(start + offset, self._stroke)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the pan or the stroke."""
        self._pan_position = None
        if self._stroke is not None and event.button() == _BUTTONS[self._stroke]:
            self._end_stroke()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Zoom to fit, unless it is a second press of the brush on the picture."""
        is_on_picture = self.picture_rect().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.MiddleButton or not is_on_picture:
            self.show_all()
        else:
            self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the brush, paint and zoom."""
        key = event.key()
        height, width = self.painted.shape
        if key in _ARROWS and height:
            x, y = _ARROWS[key]
            self._cursor = QPoint(
                min(max(self._cursor.x() + x, 0), width - 1),
                min(max(self._cursor.y() + y, 0), height - 1),
            )
            self.update()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Backspace, Qt.Key.Key_Delete) and height:
            self._begin_change()
            self._discard_suggestion()
            self._paint(self._cursor, key == Qt.Key.Key_Space)
            self._end_change()
        elif key in ZOOM_KEYS:
            self.zoom_by(ZOOM_KEYS[key])
        elif key == Qt.Key.Key_0:
            self.show_all()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the brush."""
        super().focusOutEvent(event)
        self._hovered = False
        self.update()

    def _begin_change(self) -> None:
        # There is room for the previous mask of one change only.
        self._end_stroke()
        self._previous_mask = self.painted.copy()

    def _end_stroke(self) -> None:
        """End the stroke in progress, if there is one, as when its button is released."""
        if self._stroke is not None:
            self._stroke = None
            self._end_change()

    def _discard_suggestion(self) -> None:
        if self._suggested:
            self.painted = np.zeros_like(self.painted)

    def _end_change(self) -> None:
        self._suggested = False
        if not np.array_equal(self._previous_mask, self.painted):
            self._undo_stack = [*self._undo_stack, self._previous_mask][-_MAX_UNDO_STEPS:]
            self._redo_stack = []
        self.update()
        self.changed.emit()

    def _swap(self, source: list[Mask], target: list[Mask]) -> None:
        if source:
            target.append(self.painted)
            self.painted = source.pop()
            self.update()
            self.changed.emit()

    def _pixel(self, event: QMouseEvent) -> QPoint:
        box, height = self.picture_rect(), self.painted.shape[0]
        if not height:
            return QPoint()
        offset = event.position().toPoint() - box.topLeft()
        return QPoint(
            offset.x() * self.painted.shape[1] // box.width(), offset.y() * height // box.height()
        )

    def _move_to(self, shift: QPoint) -> None:
        """Set the offset of the picture's centre, clamped to half the picture's size."""
        box = self.picture_rect()
        limit = box.width() // 2, box.height() // 2
        self._pan_offset = QPoint(
            min(max(shift.x(), -limit[0]), limit[0]), min(max(shift.y(), -limit[1]), limit[1])
        )

    def _paint(self, at: QPoint, paint: bool) -> None:
        half = self.brush // 2
        top, left = max(0, at.y() - half), max(0, at.x() - half)
        bottom, right = at.y() - half + self.brush, at.x() - half + self.brush
        self.painted[top : max(0, bottom), left : max(0, right)] = paint
        self.update()

    def _brush_rect(self, box: QRect) -> QRect:
        zoom, half = box.height() / self.painted.shape[0], self.brush // 2
        corner = QPoint(
            round((self._cursor.x() - half) * zoom), round((self._cursor.y() - half) * zoom)
        )
        side = round(self.brush * zoom) - 1
        return QRect(box.topLeft() + corner, QSize(side, side))
