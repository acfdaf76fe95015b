"""Star rating: by click, by the keys 0, 1, 2 …, or by arrows."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSlider, QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import name

_SIDE = 20


class RatingBox(QSlider):
    """Some stars of all; to screen readers it is a slider, and ``valueChanged`` tells of changes.

    Args:
        most: how many there can be, at most 9.
        parent: the owner.
    """

    def __init__(self, most: int, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(0, most)
        self.setPageStep(1)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedSize(self.sizeHint())
        name(self, self.tr("Rating"), self.tr("Click a star, or press 0 to {0}").format(most))
        current_theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Ask for all stars in a row."""
        return QSize(self.maximum() * _SIDE + 2 * SPACE_S, _SIDE + 2 * SPACE_S)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the stars, those given filled."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        given, empty = ("warning", "outline") if self.isEnabled() else ("disabled", "line")
        for star in range(self.maximum()):
            middle = QPointF(SPACE_S + (star + 0.5) * _SIDE, self.height() / 2)
            filled = star < self.value()
            painter.setPen(QPen(theme.color(given if filled else empty), 1.2))
            painter.setBrush(theme.color(given) if filled else Qt.BrushStyle.NoBrush)
            painter.drawPolygon(_star(middle, _SIDE * 0.42))
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Give as many stars as lie left of the pointer; the same again takes them away."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        star = int((event.position().x() - SPACE_S) // _SIDE) + 1
        star = min(max(star, 1), self.maximum())
        self.setValue(0 if star == self.value() else star)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """A press is enough: there is nothing to be dragged."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the digits; arrows go up and down."""
        digit = event.key() - Qt.Key.Key_0
        if 0 <= digit <= self.maximum():
            self.setValue(digit)
        else:
            super().keyPressEvent(event)


def _star(middle: QPointF, radius: float) -> QPolygonF:
    points = []
    for corner in range(10):
        away = radius if corner % 2 == 0 else radius * 0.45
        angle = math.pi * corner / 5
        points.append(middle + QPointF(away * math.sin(angle), -away * math.cos(angle)))
    return QPolygonF(points)
