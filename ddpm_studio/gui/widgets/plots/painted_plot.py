"""Base class of small plots painted with QPainter: field, captions, mouse, theme colours."""

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
"""Height of a caption line above or below the field, in logical pixels."""

_BELOW = 3

FractionT = TypeVar("FractionT", float, npt.NDArray[np.float64])


class PaintedPlot(QWidget):
    """Base of a plot field with captions above and below, repainted on a change of theme.

    A subclass implements :meth:`paint` and sets the accessible description. Positions in the field
    are normalised: (0, 0) is the lower left corner, (1, 1) the upper right one.

    Args:
        title: accessible name.
        parent: the owner.
    """

    margins: ClassVar[tuple[int, int, int, int]] = 2 * (SPACE_M, CAPTION + SPACE_S)
    """Margins of the field: left, top, right, bottom, in logical pixels."""
    preferred_size: ClassVar[tuple[int, int]] = (200, 120)
    """The size hint, in logical pixels."""
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
        """Paint the plot; the painter has the caption font, ``area`` is the field."""
        raise NotImplementedError

    def on_hover(self, position: QPointF | None) -> None:
        """Handle the pointer at a normalised position in the field; None: it has left."""

    def on_drag(self, x: float) -> None:
        """Handle a press or a drag at a normalised x position in the field."""

    def area(self) -> QRectF:
        """Return the field within its margins, in logical pixels."""
        left, top, right, bottom = self.margins
        return QRectF(self.rect()).adjusted(left, top, -right, -bottom)

    def x_of(self, fraction: FractionT) -> FractionT:
        """Return the x coordinate, in logical pixels, of a normalised x position."""
        area = self.area()
        return area.left() + area.width() * fraction

    def y_of(self, fraction: FractionT) -> FractionT:
        """Return the y coordinate, in logical pixels, of a normalised y position."""
        area = self.area()
        return area.bottom() - area.height() * fraction

    def relative_position(self, position: QPointF) -> QPointF:
        """Convert a position in the widget to a normalised position in the field."""
        area = self.area()
        x = (position.x() - area.left()) / max(1.0, area.width())
        return QPointF(x, (area.bottom() - position.y()) / max(1.0, area.height()))

    def sizeHint(self) -> QSize:
        """Return ``preferred_size``."""
        return QSize(*self.preferred_size)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Set up the painter and call :meth:`paint`."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self.antialiased)
        painter.setFont(body_font(FONT_CAPTION))
        self.paint(painter, self.area())
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Call :meth:`on_drag` on a left press, if the plot is draggable."""
        if not self.draggable:
            super().mousePressEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton:
            self.on_drag(self.relative_position(event.position()).x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Call :meth:`on_hover`, and :meth:`on_drag` during a drag."""
        position = self.relative_position(event.position())
        self.on_hover(position)
        if self.draggable and event.buttons() & Qt.MouseButton.LeftButton:
            self.on_drag(position.x())

    def leaveEvent(self, event: QEvent) -> None:
        """Call :meth:`on_hover` with None."""
        self.on_hover(None)

    def draw_captions_above(self, painter: QPainter, left: str, right: str = "") -> None:
        """Draw captions at the left and right end above the field, with the painter's pen."""
        self._draw_captions(painter, 0.0, left, right)

    def draw_captions_below(self, painter: QPainter, left: str, right: str = "") -> None:
        """Draw captions at the left and right end below the field, with the painter's pen."""
        self._draw_captions(painter, self.area().bottom() + _BELOW, left, right)

    def draw_base_line(self, painter: QPainter) -> None:
        """Draw the lower edge of the field."""
        area = self.area()
        painter.setPen(QPen(current_theme().color("line"), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())

    def draw_mark(self, painter: QPainter, x: float, colour: QColor) -> None:
        """Draw a vertical line through the field at ``x``, in logical pixels."""
        area = self.area()
        painter.setPen(QPen(colour, 1))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))

    def draw_empty(self, painter: QPainter, text: str, rect: QRectF | None = None) -> None:
        """Draw a placeholder text in the middle of the field, or of ``rect``."""
        painter.setPen(current_theme().color("muted"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.area() if rect is None else rect, flags, text)

    def _draw_captions(self, painter: QPainter, top: float, left: str, right: str) -> None:
        area = self.area()
        line = QRectF(area.left(), top, area.width(), CAPTION)
        painter.drawText(line, Qt.AlignmentFlag.AlignLeft, left)
        painter.drawText(line, Qt.AlignmentFlag.AlignRight, right)


def polyline(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> QPolygonF:
    """Return points x (N,), y (N,) in logical pixels as a QPolygonF."""
    return QPolygonF([QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)])


def area_below(line: QPolygonF, bottom: float) -> QPolygonF:
    """Return the polygon between a line and ``bottom`` (y in logical pixels)."""
    corners = [QPointF(line.last().x(), bottom), QPointF(line.first().x(), bottom)]
    return QPolygonF([*line.toList(), *corners])
