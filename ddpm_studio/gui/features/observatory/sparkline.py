"""Sparkline delegate: draws a run's loss curve in a table cell, next to its last value."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from ddpm_studio.gui.features.observatory.run_model import POINTS, Index
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.plots.painted_plot import polyline

_WIDTH = 64


class SparklineDelegate(QStyledItemDelegate):
    """Item delegate that draws the points of the role ``POINTS`` to the left of the cell's text.

    Steps go to the right from 0, losses upwards on a logarithmic scale, scaled for each row
    separately: it shows whether a loss still falls, not which of two is lower.
    """

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Add the width of the curve to the size hint."""
        return super().sizeHint(option, index) + QSize(_WIDTH + SPACE_M, 0)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint the cell, then the curve."""
        super().paint(painter, option, index)
        points = [(step, loss) for step, loss in index.data(POINTS) or () if loss > 0]
        if len(points) < 2:
            return
        steps, losses = np.array(points, np.float64).T
        heights = np.log(losses)
        low, high = float(heights.min()), float(heights.max())
        rect = option.rect
        area = QRectF(
            rect.left() + SPACE_M, rect.top() + SPACE_S, _WIDTH, rect.height() - 2 * SPACE_S
        )
        x = area.left() + area.width() * steps / steps[-1]
        y = area.bottom() - area.height() * (heights - low) / max(high - low, 1e-9)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(current_theme().color("muted")), 1))
        painter.drawPolyline(polyline(x, y))
        painter.restore()
