"""Star rating widget, set by click, by the digit keys or by arrows."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSlider, QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, name

_SIDE = 20


class RatingBox(QSlider):
    """Star rating; a QSlider, so that screen readers can use it and ``valueChanged`` is emitted.

    Args:
        max_stars: maximum number of stars, at most 9.
        parent: the owner.
    """

    def __init__(self, max_stars: int, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(0, max_stars)
        self.setPageStep(1)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFixedSize(self.sizeHint())
        # It is in a sidebar that scrolls, and a new rating is stored at once.
        ignore_unfocused_wheel(self)
        name(self, self.tr("Rating"), self.tr("Click a star, or press 0 to {0}").format(max_stars))
        current_theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Return the size of all stars in a row."""
        return QSize(self.maximum() * _SIDE + 2 * SPACE_S, _SIDE + 2 * SPACE_S)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the stars, filled up to the value."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        filled_role, empty_role = (
            ("warning", "outline") if self.isEnabled() else ("disabled", "line")
        )
        for star in range(self.maximum()):
            centre = QPointF(SPACE_S + (star + 0.5) * _SIDE, self.height() / 2)
            filled = star < self.value()
            painter.setPen(QPen(theme.color(filled_role if filled else empty_role), 1.2))
            painter.setBrush(theme.color(filled_role) if filled else Qt.BrushStyle.NoBrush)
            painter.drawPolygon(_star(centre, _SIDE * 0.42))
        if self.hasFocus():
            painter.setPen(QPen(theme.color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 4, 4)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Set the rating to the star clicked; the same star again resets it to 0."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        star = int((event.position().x() - SPACE_S) // _SIDE) + 1
        star = min(max(star, 1), self.maximum())
        self.setValue(0 if star == self.value() else star)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Ignore drags, which QSlider would handle."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Set the rating by digit; arrows step as in QSlider."""
        digit = event.key() - Qt.Key.Key_0
        if 0 <= digit <= self.maximum():
            self.setValue(digit)
        else:
            super().keyPressEvent(event)


def _star(centre: QPointF, radius: float) -> QPolygonF:
    points = []
    for corner in range(10):
        distance = radius if corner % 2 == 0 else radius * 0.45
        angle = math.pi * corner / 5
        points.append(centre + QPointF(distance * math.sin(angle), -distance * math.cos(angle)))
    return QPolygonF(points)
