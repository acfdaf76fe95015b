"""Checkerboard background of transparent pictures."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPixmap

_SIDE = 8
_LIGHT, _DARK = QColor(255, 255, 255), QColor(204, 204, 204)


def paint_checkerboard(painter: QPainter, rect: QRect | QRectF, picture: QImage | QPixmap) -> None:
    """Fill the rectangle of a picture with a checkerboard, if it has an alpha channel."""
    if picture.hasAlphaChannel():
        painter.fillRect(rect, QBrush(_squares()))


@cache
def _squares() -> QImage:
    squares = QImage(2 * _SIDE, 2 * _SIDE, QImage.Format.Format_RGB32)
    squares.fill(_LIGHT)
    painter = QPainter(squares)
    painter.fillRect(_SIDE, 0, _SIDE, _SIDE, _DARK)
    painter.fillRect(0, _SIDE, _SIDE, _SIDE, _DARK)
    painter.end()
    return squares
