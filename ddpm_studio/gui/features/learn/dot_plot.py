"""Dot plot of estimates: a row for each estimator, with mean and standard deviation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.features.learn.curve_view import short
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M
from ddpm_studio.jobs.events import Table

_ROW, _DOT, _TEXT_HEIGHT, _AXIS = 46, 3.0, 18, 18
# Vertical jitter as shares of a row, so that dots of similar values can be told apart.
_SPREAD = (0.2, 0.8, 0.5, 0.35, 0.65)


@dataclass(frozen=True, eq=False)
class DotRow:
    """One estimator: its title, its estimates of shape (N,), the index of its plot colour."""

    title: str
    values: Table
    colour: int = 0

    @property
    def summary(self) -> str:
        """Title, mean and standard deviation."""
        std = float(self.values.std(ddof=1)) if len(self.values) > 1 else 0.0
        return f"{self.title}: {short(float(self.values.mean()))} ± {short(std)}"


class DotPlot(QWidget):
    """Dot plot of rows of estimates over a common axis.

    Args:
        title: what is estimated, for assistive tools.
        parent: the owner.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[DotRow] = []
        """The rows shown."""
        self.setMinimumSize(160, 2 * _ROW + _AXIS)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(title)
        current_theme().changed.connect(self.update)

    def set_rows(self, rows: Sequence[DotRow]) -> None:
        """Replace the rows shown."""
        self.rows = list(rows)
        self.setAccessibleDescription("; ".join(row.summary for row in rows))
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for two rows."""
        return QSize(280, 2 * _ROW + _AXIS)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the rows and the axis."""
        if not self.rows:
            return
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(body_font(FONT_CAPTION))
        low = min(float(row.values.min()) for row in self.rows)
        high = max(float(row.values.max()) for row in self.rows)
        if high <= low:
            low, high = low - 0.5, high + 0.5
        width = self.width() - 2 * SPACE_M
        row_height = (self.height() - _AXIS) / len(self.rows)

        def x_of(value: float) -> float:
            return SPACE_M + (value - low) / (high - low) * width

        for k, row in enumerate(self.rows):
            top = k * row_height
            painter.setPen(theme.color("text"))
            line = QRectF(0, top, self.width(), _TEXT_HEIGHT)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, row.summary)
            colour = QColor(theme.plot_color(row.colour))
            field_height = row_height - _TEXT_HEIGHT
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            for number, value in enumerate(row.values):
                y = top + _TEXT_HEIGHT + _SPREAD[number % len(_SPREAD)] * field_height
                painter.drawEllipse(QPointF(x_of(float(value)), y), _DOT, _DOT)
            painter.setPen(QPen(theme.color("text"), 1.5))
            x = x_of(float(row.values.mean()))
            painter.drawLine(QPointF(x, top + _TEXT_HEIGHT), QPointF(x, top + row_height))
        painter.setPen(theme.color("muted"))
        axis_rect = QRectF(SPACE_M, self.height() - _AXIS, width, _AXIS)
        painter.drawText(axis_rect, Qt.AlignmentFlag.AlignLeft, short(low))
        painter.drawText(axis_rect, Qt.AlignmentFlag.AlignRight, short(high))
        painter.end()
