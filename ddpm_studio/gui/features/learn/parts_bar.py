"""A whole as a bar of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_BODY, RADIUS, SPACE_L, mix

_BAR, _WORDS, _PALE, _SWATCH = 14, 22, 0.3, 8


@dataclass(frozen=True)
class Share:
    """One part: its symbol, its words, how large it is, its plot colour."""

    key: str
    title: str
    value: float
    colour: int


class PartsBar(QWidget):
    """Draws shares of a whole one after another, and below each its words.

    Args:
        title: what the whole is, for assistive tools.
        parent: the owner.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shares: list[Share] = []
        """What is shown."""
        self._lit = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(title)
        current_theme().changed.connect(self.update)

    def set_shares(self, shares: Sequence[Share]) -> None:
        """Show these; values are 0 or more."""
        self.shares = list(shares)
        self.setAccessibleDescription("; ".join(share.title for share in shares))
        self.update()

    def light(self, key: str) -> bool:
        """Let one share stand out, by its symbol; returns whether it is here."""
        found = key != "" and any(share.key == key for share in self.shares)
        self._lit = key if found else ""
        self.update()
        return found

    def sizeHint(self) -> QSize:
        """Ask for a bar and a line."""
        return QSize(320, _BAR + _WORDS)

    def minimumSizeHint(self) -> QSize:
        """Get narrow if need be."""
        return QSize(160, _BAR + _WORDS)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bar and the words."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(body_font(FONT_BODY))
        metrics = QFontMetricsF(painter.font())
        whole = QRectF(0, 0, self.width(), _BAR)
        path = QPainterPath()
        path.addRoundedRect(whole, RADIUS, RADIUS)
        painter.save()
        painter.setClipPath(path)
        painter.fillRect(whole, theme.color("hover"))
        total, x = sum(share.value for share in self.shares), 0.0
        for share in self.shares:
            wide = self.width() * share.value / total if total else 0.0
            painter.fillRect(QRectF(x, 0, wide, _BAR), self._ink(share))
            x += wide
        painter.restore()
        x = 0.0
        for share in self.shares:
            middle = _BAR + _WORDS / 2 + 1
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._ink(share))
            box = QRectF(x, middle - _SWATCH / 2, _SWATCH, _SWATCH)
            painter.drawRoundedRect(box, 2, 2)
            painter.setPen(theme.color("text"))
            line = QRectF(x + _SWATCH + 6, _BAR + 2, self.width() - x, _WORDS)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, share.title)
            x += _SWATCH + 6 + metrics.horizontalAdvance(share.title) + SPACE_L
        painter.end()

    def _ink(self, share: Share) -> QColor:
        theme = current_theme()
        colour = theme.plot_color(share.colour)
        if self._lit and share.key != self._lit:
            colour = mix(colour, theme.tokens.panel, _PALE)
        return QColor(colour)
