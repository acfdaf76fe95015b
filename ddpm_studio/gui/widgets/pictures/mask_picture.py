"""Mask painter: a picture on which the part to be drawn anew is painted."""

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

from ddpm_studio.gui.platform.images import Pictures, shown_bands, to_image
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.widgets.layout.basics import name
from ddpm_studio.gui.widgets.pictures.checkerboard import paint_behind
from ddpm_studio.gui.widgets.pictures.grid_layout import WHOLE
from ddpm_studio.gui.widgets.pictures.zooming import ZOOM_KEYS, Notches, next_zoom

Mask = npt.NDArray[np.bool_]

_VEIL = 150
_MOST_UNDONE = 100
# Of a stroke that wipes away, and of one that paints.
_BUTTONS = (Qt.MouseButton.RightButton, Qt.MouseButton.LeftButton)
_ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class MaskPicture(QWidget):
    """Shows a picture (H, W, C) under a mask (H, W), True where it is painted.

    The left button paints, the right one takes away. With the keyboard the arrows move the
    brush, Space paints and Backspace takes away. Each change can be undone and done again.

    The wheel zooms about the pointer; the middle button, or Ctrl and the left one, pans; a double
    click beside the picture, or with the middle button, shows all again. Keys: +, − and 0.
    """

    changed = Signal()
    """A stroke has ended, or the mask was changed as a whole."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Pictures | None = None
        self.painted: Mask = np.zeros((0, 0), bool)
        self.brush = 3
        """Side of the brush in pixels of the picture."""
        self._at = QPoint(0, 0)
        self._stroke: bool | None = None
        self._before: Mask = self.painted
        self._past: list[Mask] = []
        self._future: list[Mask] = []
        self._hovered = self._suggested = False
        self._closer: float | None = None
        # Of the picture's middle from that of the widget, while somebody looks closer.
        self._shift = QPoint()
        self._panned: QPoint | None = None
        self._notches = Notches()
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
        shown_bands().changed.connect(self.update)

    def set_picture(self, picture: Pictures | None) -> None:
        """Show another picture; the mask stays where the size does."""
        self._picture = picture
        shape = (0, 0) if picture is None else picture.shape[:2]
        if self.painted.shape != shape:
            self.painted, self._suggested = np.zeros(shape, bool), False
            self._past, self._future = [], []
            # A stroke under way was on the picture before.
            self._stroke = self._panned = None
            self._closer, self._shift = None, QPoint()
            self._at = QPoint(shape[1] // 2, shape[0] // 2)
        self.update()

    def set_mask(self, mask: Mask) -> None:
        """Paint all of the mask at once; ValueError if it is of another size."""
        if mask.shape != self.painted.shape:
            raise ValueError(f"a mask of {mask.shape} for a picture of {self.painted.shape}")
        self._begin()
        self.painted = mask.copy()
        self._end()

    def suggest(self) -> None:
        """Paint the middle, so that there is something to see; the first own stroke replaces it."""
        height, width = self.painted.shape
        self.painted[height // 4 : height - height // 4, width // 4 : width - width // 4] = True
        self._suggested = True
        self.update()

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is a change that was taken back."""
        return bool(self._future)

    def undo(self) -> None:
        """Undo the last change."""
        self._swap(self._past, self._future)

    def redo(self) -> None:
        """Do again what was taken back last."""
        self._swap(self._future, self._past)

    def clear(self) -> None:
        """Take all paint away."""
        self.set_mask(np.zeros_like(self.painted))

    def invert(self) -> None:
        """Paint what was not painted, and the other way round."""
        self.set_mask(~self.painted)

    def sizeHint(self) -> QSize:
        """Ask for a square."""
        return QSize(320, 320)

    def picture_rect(self) -> QRect:
        """Where the picture stands, in pixels of the widget; each of its own is a square."""
        height, width = self.painted.shape
        if not height:
            return QRect()
        zoom = self._closer or self._fitting
        box = QRect(0, 0, round(width * zoom), round(height * zoom))
        box.moveCenter(self.rect().center() + self._shift)
        return box

    @property
    def _fitting(self) -> float:
        """The zoom at which all is seen: whole for small pictures."""
        height, width = self.painted.shape
        zoom = min(self.width() / width, self.height() / height)
        return max(1.0, float(int(zoom))) if max(height, width) <= WHOLE else zoom

    def zoom_by(self, steps: int, about: QPoint | None = None) -> None:
        """Look closer, or less so, by some notches of the wheel; no less than at all.

        Args:
            steps: how many; below 0 away.
            about: the point that stays where it is; None: the middle.
        """
        if not self.painted.size:
            return
        before, point = self.picture_rect(), about or self.rect().center()
        zoom = next_zoom(self._closer or self._fitting, steps, max(self.painted.shape))
        self._closer = zoom if zoom > self._fitting else None
        larger = self.picture_rect().width() / before.width()
        away = before.center() - point
        self._shift = QPoint()
        if self._closer is not None:
            self._move_to(point + away * larger - self.rect().center())
        self.update()

    def show_all(self) -> None:
        """Fit all into the widget again."""
        self._closer, self._shift = None, QPoint()
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        steps = self._notches.add(event.angleDelta().y())
        if steps < 0 and self._closer is None:
            event.ignore()
        else:
            event.accept()
            self.zoom_by(steps, event.position().toPoint())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, the veil over what is painted, and the brush."""
        if self._picture is None:
            return
        box, colour = self.picture_rect(), QColor(current_theme().color("accent"))
        painter = QPainter(self)
        picture = to_image(self._picture)
        paint_behind(painter, box, picture)
        painter.drawImage(box, picture)
        height, width = self.painted.shape
        veil = np.zeros((height, width, 4), np.uint8)
        # Premultiplied, in the order in which a word of 32 bits lies in memory.
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
        """Draw a line around what is painted, so that it is seen on a picture of its colour."""
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
        """Begin a stroke, or take hold of the picture."""
        if self._stroke is not None:
            # Another button meanwhile changes nothing.
            return
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.button() == Qt.MouseButton.MiddleButton or ctrl:
            self._panned = event.position().toPoint() if self._closer is not None else None
            return
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            self._begin()
            self._forget_suggested()
            self._stroke = event.button() == Qt.MouseButton.LeftButton
            self._at = self._pixel(event)
            self._paint(self._at, self._stroke)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it: along the straight way, however fast the mouse was."""
        if self._panned is not None:
            held, self._panned = self._panned, event.position().toPoint()
            self._move_to(self._shift + self._panned - held)
            self.update()
            return
        before, self._at = self._at, self._pixel(event)
        self._hovered = True
        if self._stroke is not None:
            way = self._at - before
            steps = max(abs(way.x()), abs(way.y()), 1)
            for step in range(steps + 1):
                part = QPoint(round(way.x() * step / steps), round(way.y() * step / steps))
                self._paint(before + part, self._stroke)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End it."""
        self._panned = None
        if self._stroke is not None and event.button() == _BUTTONS[self._stroke]:
            self._stroke = None
            self._end()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show all again, where it is no second touch of the brush."""
        inside = self.picture_rect().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.MiddleButton or not inside:
            self.show_all()
        else:
            self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the brush, paint and zoom."""
        key = event.key()
        height, width = self.painted.shape
        if key in _ARROWS and height:
            x, y = _ARROWS[key]
            self._at = QPoint(
                min(max(self._at.x() + x, 0), width - 1), min(max(self._at.y() + y, 0), height - 1)
            )
            self.update()
        elif key in (Qt.Key.Key_Space, Qt.Key.Key_Backspace, Qt.Key.Key_Delete) and height:
            self._begin()
            self._forget_suggested()
            self._paint(self._at, key == Qt.Key.Key_Space)
            self._end()
        elif key in ZOOM_KEYS:
            self.zoom_by(ZOOM_KEYS[key])
        elif key == Qt.Key.Key_0:
            self.show_all()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide it."""
        super().focusOutEvent(event)
        self._hovered = False
        self.update()

    def _begin(self) -> None:
        self._before = self.painted.copy()

    def _forget_suggested(self) -> None:
        if self._suggested:
            self.painted = np.zeros_like(self.painted)

    def _end(self) -> None:
        self._suggested = False
        if not np.array_equal(self._before, self.painted):
            self._past = [*self._past, self._before][-_MOST_UNDONE:]
            self._future = []
        self.update()
        self.changed.emit()

    def _swap(self, source: list[Mask], other: list[Mask]) -> None:
        if source:
            other.append(self.painted)
            self.painted = source.pop()
            self.update()
            self.changed.emit()

    def _pixel(self, event: QMouseEvent) -> QPoint:
        box, height = self.picture_rect(), self.painted.shape[0]
        if not height:
            return QPoint()
        away = event.position().toPoint() - box.topLeft()
        return QPoint(
            away.x() * self.painted.shape[1] // box.width(), away.y() * height // box.height()
        )

    def _move_to(self, shift: QPoint) -> None:
        """Put the picture's middle so far from the widget's, but never out of sight."""
        box = self.picture_rect()
        far = box.width() // 2, box.height() // 2
        self._shift = QPoint(
            min(max(shift.x(), -far[0]), far[0]), min(max(shift.y(), -far[1]), far[1])
        )

    def _paint(self, at: QPoint, paint: bool) -> None:
        half = self.brush // 2
        top, left = max(0, at.y() - half), max(0, at.x() - half)
        bottom, right = at.y() - half + self.brush, at.x() - half + self.brush
        self.painted[top : max(0, bottom), left : max(0, right)] = paint
        self.update()

    def _brush_rect(self, box: QRect) -> QRect:
        zoom, half = box.height() / self.painted.shape[0], self.brush // 2
        corner = QPoint(round((self._at.x() - half) * zoom), round((self._at.y() - half) * zoom))
        side = round(self.brush * zoom) - 1
        return QRect(box.topLeft() + corner, QSize(side, side))
