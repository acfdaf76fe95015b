"""Noise schedule plot: ᾱ_t over t, with the current t marked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import RADIUS, SPACE_S, mix
from ddpm_studio.gui.widgets.plots.painted_plot import PaintedPlot, area_below, polyline

_TICK = 4
_MARK = 3.5


def snr_decibel(alpha_bar: float) -> float:
    """Return the signal-to-noise ratio 10 log10(ᾱ / (1 − ᾱ)) in dB; infinite at 0 and 1."""
    with np.errstate(divide="ignore"):
        return float(10 * (np.log10(alpha_bar) - np.log10(1 - alpha_bar)))


class NoiseCurve(PaintedPlot):
    """Noise schedule plot: ᾱ_t from t = T (noise) at the left to t = 0 (picture) at the right.

    Rows of ticks below mark the timesteps that each sampler visits. A click or a drag emits
    ``chosen`` with a t; the slider next to the plot does the same from the keyboard.
    """

    chosen = Signal(int)

    preferred_size = (176, 64)
    draggable = True

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._alpha_bar: npt.NDArray[np.float64] = np.ones(1)
        self._t = 0
        self._ticks: list[list[int]] = []
        self.setMinimumSize(96, 48)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(self.tr("Noise level"))
        self.setToolTip(self.tr("ᾱ at each t; ticks: where the sampler stops. Click to go there"))

    def set_schedule(self, alphas_cumprod: npt.NDArray[np.float64] | None) -> None:
        """Set the schedule ᾱ_1 … ᾱ_T, shape (T,); None: unknown."""
        known = () if alphas_cumprod is None else alphas_cumprod
        self._alpha_bar = np.concatenate([[1.0], known])
        self._t = min(self._t, self.timesteps)
        self.update()

    def set_t(self, t: int) -> None:
        """Mark the timestep ``t``, clamped to 0..T."""
        self._t = min(max(t, 0), self.timesteps)
        self.setAccessibleDescription(self.description)
        self.update()

    def set_ticks(self, ticks: Sequence[Sequence[int]]) -> None:
        """Set the timesteps that each sampler visits, one row each."""
        self._ticks = [list(row) for row in ticks]
        self.update()

    @property
    def timesteps(self) -> int:
        """Number of timesteps T; 0 while no schedule is known."""
        return len(self._alpha_bar) - 1

    @property
    def description(self) -> str:
        """ᾱ_t and the signal-to-noise ratio at the marked t, as text; empty without a schedule."""
        if not self.timesteps:
            return ""
        alpha_bar = float(self._alpha_bar[self._t])
        ratio = snr_decibel(alpha_bar)
        snr = f"{ratio:+.1f} dB" if np.isfinite(ratio) else ("∞" if ratio > 0 else "−∞")
        return f"ᾱ = {alpha_bar:.4f} · SNR {snr.replace('-', '−')}"

    def area(self) -> QRectF:
        """Return the field, with room for the ticks below."""
        ticks = 2 + max(1, len(self._ticks)) * (_TICK + 1)
        return QRectF(self.rect()).adjusted(SPACE_S + 2, SPACE_S, -SPACE_S - 2, -SPACE_S - ticks)

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Paint the curve, the ticks and the mark."""
        theme = current_theme()
        tokens = theme.tokens
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("panel"))
        painter.drawRoundedRect(QRectF(self.rect()), RADIUS, RADIUS)
        if self.timesteps == 0:
            return
        columns = np.linspace(self.timesteps, 0, max(2, int(area.width()))).round().astype(int)
        line = polyline(
            self.x_of(1 - columns / self.timesteps), self.y_of(self._alpha_bar[columns])
        )
        painter.setBrush(theme.color("selected"))
        painter.drawPolygon(area_below(line, area.bottom()))
        painter.setPen(QPen(theme.color("accent"), 1))
        painter.drawPolyline(line)
        self._paint_ticks(painter, area)
        painter.setPen(theme.color("muted"))
        top = Qt.AlignmentFlag.AlignTop
        painter.drawText(area.adjusted(1, 0, 0, 0), Qt.AlignmentFlag.AlignLeft | top, "ᾱ")
        x, y = self._x(self._t), self.y_of(float(self._alpha_bar[self._t]))
        self.draw_mark(painter, x, QColor(mix(tokens.text, tokens.panel, 0.6)))
        painter.setPen(QPen(theme.color("panel"), 1))
        painter.setBrush(theme.color("accent"))
        painter.drawEllipse(QPointF(x, y), _MARK, _MARK)

    def on_drag(self, x: float) -> None:
        """Emit ``chosen`` with the t under the pointer."""
        if self.timesteps:
            self.chosen.emit(round((1 - min(max(x, 0.0), 1.0)) * self.timesteps))

    def _paint_ticks(self, painter: QPainter, area: QRectF) -> None:
        theme = current_theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        has_several_rows = len(self._ticks) > 1
        for row, ticks in enumerate(self._ticks):
            colour = theme.plot_color(row) if has_several_rows else theme.tokens.muted
            painter.setPen(QPen(QColor(colour), 1))
            top = area.bottom() + 2 + row * (_TICK + 1)
            for x in {round(self._x(t)) for t in ticks}:
                painter.drawLine(QPointF(x, top), QPointF(x, top + _TICK - 1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _x(self, t: int) -> float:
        return self.x_of(1 - t / self.timesteps)
