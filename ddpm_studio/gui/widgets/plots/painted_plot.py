"""The base of the small plots that are painted here: field, captions, pointer, colours."""

from __future__ import annotations

from typing import ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M, SPACE_S

CAPTION = 16
"""Height of a line of words above or below the field, in logical pixels."""

_BELOW = 3

Share = TypeVar("Share", float, npt.NDArray[np.float64])


class PaintedPlot(QWidget):
    """A plot in a field with words above and below, repainted when the theme changes.

    A subclass draws in :meth:`paint` and says what it shows to assistive tools. Places in the field
    are shares of it, (0, 0) at the left end of the base line, (1, 1) at the upper right.

    Args:
        title: what is shown, for assistive tools.
        parent: the owner.
    """

    margins: ClassVar[tuple[int, int, int, int]] = 2 * (SPACE_M, CAPTION + SPACE_S)
    """Around the field: left, top, right, bottom, in logical pixels."""
    asked: ClassVar[tuple[int, int]] = (200, 120)
    """The size that it asks for, in logical pixels."""
    antialiased: ClassVar[bool] = True
    follows_pointer: ClassVar[bool] = False
    """Whether :meth:`on_hover` is called."""
    draggable: ClassVar[bool] = False
    """Whether :meth:`on_drag` is called."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(self.follows_pointer)
        self.setAccessibleName(title)
        current_theme().changed.connect(self.update)

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Draw the plot; the painter has the font of captions, ``area`` is the field."""
        raise NotImplementedError

    def on_hover(self, place: QPointF | None) -> None:
        """Follow the pointer to a place, as shares of the field; None: it has left."""

    def on_drag(self, share: float) -> None:
        """Follow a press or a drag to a place, as a share of the field's width."""

    def area(self) -> QRectF:
        """Return the field within its margins, in logical pixels."""
        left, top, right, bottom = self.margins
        return QRectF(self.rect()).adjusted(left, top, -right, -bottom)

    def x_of(self, share: Share) -> Share:
        """Return the horizontal place, in logical pixels, of a share of the field's width."""
        area = self.area()
        return area.left() + area.width() * share

    def y_of(self, share: Share) -> Share:
        """Return the vertical place, in logical pixels, of a share of the field's height."""
        area = self.area()
        return area.bottom() - area.height() * share

    def place_at(self, position: QPointF) -> QPointF:
        """Return what a position in the widget is as shares of the field."""
        area = self.area()
        across = (position.x() - area.left()) / max(1.0, area.width())
        return QPointF(across, (area.bottom() - position.y()) / max(1.0, area.height()))

    def sizeHint(self) -> QSize:
        """Ask for little."""
        return QSize(*self.asked)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the plot."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self.antialiased)
        painter.setFont(body_font(FONT_CAPTION))
        self.paint(painter, self.area())
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take a press with the left button."""
        if not self.draggable:
            super().mousePressEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton:
            self.on_drag(self.place_at(event.position()).x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        place = self.place_at(event.position())
        self.on_hover(place)
        if self.draggable and event.buttons() & Qt.MouseButton.LeftButton:
            self.on_drag(place.x())

    def leaveEvent(self, event: QEvent) -> None:
        """Follow the pointer no more."""
        self.on_hover(None)

    def write_above(self, painter: QPainter, left: str, right: str = "") -> None:
        """Write at both ends of the line above the field, in the painter's colour."""
        self._write(painter, 0.0, left, right)

    def write_below(self, painter: QPainter, left: str, right: str = "") -> None:
        """Write at both ends of the line below the field, in the painter's colour."""
        self._write(painter, self.area().bottom() + _BELOW, left, right)

    def draw_base_line(self, painter: QPainter) -> None:
        """Draw the lower edge of the field."""
        area = self.area()
        painter.setPen(QPen(current_theme().color("line"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())

    def draw_mark(self, painter: QPainter, x: float, colour: QColor) -> None:
        """Draw an upright line through the field at a horizontal place in logical pixels."""
        area = self.area()
        painter.setPen(QPen(colour, 1))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def draw_empty(self, painter: QPainter, words: str, room: QRectF | None = None) -> None:
        """Say in the middle of the field, or of ``room``, that there is nothing yet."""
        painter.setPen(current_theme().color("muted"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.area() if room is None else room, flags, words)

    def _write(self, painter: QPainter, top: float, left: str, right: str) -> None:
        area = self.area()
        line = QRectF(area.left(), top, area.width(), CAPTION)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, left)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, right)


def polyline(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> QPolygonF:
    """Return points (N,), (N,) in logical pixels as Qt draws them."""
    return QPolygonF([QPointF(*place) for place in zip(x.tolist(), y.tolist(), strict=True)])


def below(line: QPolygonF, bottom: float) -> QPolygonF:
    """Return the ground between a line and ``bottom``, in logical pixels."""
    corners = [QPointF(line.last().x(), bottom), QPointF(line.first().x(), bottom)]
    return QPolygonF([*line.toList(), *corners])
