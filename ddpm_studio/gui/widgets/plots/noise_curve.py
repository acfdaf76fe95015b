"""How noisy each t is, as a small curve with the present moment marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, RADIUS, SPACE_S, mix

_TICK = 4
_MARK = 3.5


def snr_decibel(alpha_bar: float) -> float:
    """Return 10 log10(ᾱ / (1 − ᾱ)); infinite at the ends."""
    with np.errstate(divide="ignore"):
        return float(10 * (np.log10(alpha_bar) - np.log10(1 - alpha_bar)))


class NoiseCurve(QWidget):
    """ᾱ_t from T, pure noise, at the left to 0, the picture, at the right.

    Rows of ticks below say at which t each sampler stops. A click or a drag chooses a t; the
    slider beside it does the same from the keyboard.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._alpha_bar: npt.NDArray[np.float64] = np.ones(1)
        self._t = 0
        self._ticks: list[list[int]] = []
        self.setMinimumSize(96, 48)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Noise level"))
        self.setToolTip(self.tr("ᾱ at each t; ticks: where the sampler stops. Click to go there"))
        current_theme().changed.connect(self.update)

    def set_schedule(self, alphas_cumprod: npt.NDArray[np.float64] | None) -> None:
        """Show another schedule: ᾱ_1 … ᾱ_T, shape (T,); None: it is not known."""
        known = () if alphas_cumprod is None else alphas_cumprod
        self._alpha_bar = np.concatenate([[1.0], known])
        self._t = min(self._t, self.timesteps)
        self.update()

    def set_t(self, t: int) -> None:
        """Mark this moment."""
        self._t = min(max(t, 0), self.timesteps)
        self.setAccessibleDescription(self.words)
        self.update()

    def set_ticks(self, ticks: Sequence[Sequence[int]]) -> None:
        """Show at which t each sampler stops."""
        self._ticks = [list(row) for row in ticks]
        self.update()

    @property
    def timesteps(self) -> int:
        """T; 0 while no schedule is known."""
        return len(self._alpha_bar) - 1

    @property
    def words(self) -> str:
        """ᾱ_t and the signal-to-noise ratio at the marked moment; nothing of no schedule."""
        if not self.timesteps:
            return ""
        alpha_bar = float(self._alpha_bar[self._t])
        ratio = snr_decibel(alpha_bar)
        snr = f"{ratio:+.1f} dB" if np.isfinite(ratio) else ("∞" if ratio > 0 else "−∞")
        return f"ᾱ = {alpha_bar:.4f} · SNR {snr.replace('-', '−')}"

    def sizeHint(self) -> QSize:
        """Ask for a small place."""
        return QSize(176, 64)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the curve, the ticks and the mark."""
        theme = current_theme()
        tokens = theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(QRectF(self.rect()), RADIUS, RADIUS)
        if self.timesteps == 0:
            painter.end()
            return
        area = self._area()
        columns = np.linspace(self.timesteps, 0, max(2, int(area.width()))).round().astype(int)
        line = [QPointF(self._x(int(t)), self._y(float(self._alpha_bar[t]))) for t in columns]
        corners = [QPointF(area.right(), area.bottom()), QPointF(area.left(), area.bottom())]
        painter.setBrush(theme.color("selected"))
        painter.drawPolygon(QPolygonF([*line, *corners]))
        painter.setPen(QPen(theme.color("accent"), 1))
        painter.drawPolyline(QPolygonF(line))
        self._paint_ticks(painter, area)
        painter.setFont(body_font(FONT_CAPTION))
        painter.setPen(theme.color("muted"))
        top = Qt.AlignmentFlag.AlignTop
        painter.drawText(area.adjusted(1, 0, 0, 0), Qt.AlignmentFlag.AlignLeft | top, "ᾱ")
        x, y = self._x(self._t), self._y(float(self._alpha_bar[self._t]))
        painter.setPen(QPen(QColor(mix(tokens.text, tokens.panel, 0.6)), 1))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.setPen(QPen(theme.color("panel"), 1))
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(QPointF(x, y), _MARK, _MARK)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the t below the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._choose(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._choose(event.position().x())

    def _choose(self, x: float) -> None:
        area = self._area()
        share = min(max((x - area.left()) / area.width(), 0.0), 1.0)
        if self.timesteps:
            self.chosen.emit(round((1 - share) * self.timesteps))

    def _paint_ticks(self, painter: QPainter, area: QRectF) -> None:
        theme = current_theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        several = len(self._ticks) > 1
        for row, ticks in enumerate(self._ticks):
            colour = theme.plot_color(row) if several else theme.tokens.muted
            painter.setPen(QPen(QColor(colour), 1))
            top = area.bottom() + 2 + row * (_TICK + 1)
            for x in {round(self._x(t)) for t in ticks}:
                painter.drawLine(QPointF(x, top), QPointF(x, top + _TICK - 1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _area(self) -> QRectF:
        below = 2 + max(1, len(self._ticks)) * (_TICK + 1)
        return QRectF(self.rect()).adjusted(SPACE_S + 2, SPACE_S, -SPACE_S - 2, -SPACE_S - below)

    def _x(self, t: int) -> float:
        area = self._area()
        return area.left() + (1 - t / self.timesteps) * area.width()

    def _y(self, alpha_bar: float) -> float:
        area = self._area()
        return area.bottom() - alpha_bar * area.height()
