"""Stacked bar of the parts of a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_BODY, RADIUS, SPACE_L, mix

_BAR, _TEXT_HEIGHT, _PALE, _SWATCH = 14, 22, 0.3, 8


@dataclass(frozen=True)
class BarSegment:
    """One part: the key of its symbol, its label, its value, the index of its plot colour."""

    key: str
    title: str
    value: float
    colour: int


class StackedBar(QWidget):
    """Stacked horizontal bar of the shares of a whole, with a legend below.

    Args:
        title: what the whole is, for assistive tools.
        parent: the owner.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shares: list[BarSegment] = []
        """The shares shown."""
        self._highlighted = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)
        current_theme().changed.connect(self.update)

    def set_shares(self, segments: Sequence[BarSegment]) -> None:
        """Replace the shares shown; their values are 0 or more."""
        self.shares = list(segments)
        self.setAccessibleDescription("; ".join(segment.title for segment in segments))
        self.update()

    def highlight(self, key: str) -> bool:
        """Highlight the share of a symbol, or none; return whether there is such a share."""
        found = key != "" and any(segment.key == key for segment in self.shares)
        self._highlighted = key if found else ""
        self.update()
        return found

    def sizeHint(self) -> QSize:
        """Ask for the bar and one line of legend."""
        return QSize(320, _BAR + _TEXT_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Allow half of that width."""
        return QSize(160, _BAR + _TEXT_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar and the legend."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(body_font(FONT_BODY))
        metrics = QFontMetricsF(painter.font())
        bar = QRectF(0, 0, self.width(), _BAR)
        path = QPainterPath()
        path.addRoundedRect(bar, RADIUS, RADIUS)
        painter.save()
        painter.setClipPath(path)
        painter.fillRect(bar, theme.color("hover"))
        total, x = sum(segment.value for segment in self.shares), 0.0
        for segment in self.shares:
            width = self.width() * segment.value / total if total else 0.0
            painter.fillRect(QRectF(x, 0, width, _BAR), self._colour_of(segment))
            x += width
        painter.restore()
        x = 0.0
        for segment in self.shares:
            centre_y = _BAR + _TEXT_HEIGHT / 2 + 1
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour_of(segment))
            box = QRectF(x, centre_y - _SWATCH / 2, _SWATCH, _SWATCH)
            painter.drawRoundedRect(box, 2, 2)
            painter.setPen(theme.color("text"))
            line = QRectF(x + _SWATCH + 6, _BAR + 2, self.width() - x, _TEXT_HEIGHT)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, segment.title)
            x += _SWATCH + 6 + metrics.horizontalAdvance(segment.title) + SPACE_L
        painter.end()

    def _colour_of(self, segment: BarSegment) -> QColor:
        theme = current_theme()
        colour = theme.plot_color(segment.colour)
        if self._highlighted and segment.key != self._highlighted:
            colour = mix(colour, theme.tokens.panel, _PALE)
        return QColor(colour)
