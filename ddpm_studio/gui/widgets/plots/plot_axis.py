"""Axis style that all plots of pyqtgraph share."""

from __future__ import annotations

import math

import pyqtgraph as pg
from PySide6.QtGui import QFontMetrics

from ddpm_studio.gui.theme.theme import body_font
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M

# Half a line and half a figure: labels are centred on ticks that may lie at the very end.
_ABOVE, _RIGHT = 7, 12


def dress_axis(axis: pg.AxisItem) -> None:
    """Give an axis small figures, short ticks inside, and plain units."""
    axis.enableAutoSIPrefix(False)
    axis.setTickFont(body_font(FONT_CAPTION))
    axis.label.setFont(body_font(FONT_CAPTION))
    axis.setStyle(tickLength=-4, tickTextOffset=4)


def leave_room(item: pg.PlotItem) -> None:
    """Leave room for what the labels of the outermost ticks take beyond the axes."""
    item.setContentsMargins(0, _ABOVE, _RIGHT, 0)


class DecadeAxis(pg.AxisItem):  # type: ignore[misc]
    """Where it is logarithmic over a power of ten or more, labels as many powers as fit."""

    def logTickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the labels; of powers that stand too close only every second, third, …"""
        plain: list[str] = super().logTickStrings(values, scale, spacing)
        # As long as it is, it would reach into the label of the axis.
        written = [text.replace("0.0001", "10⁻⁴") for text in plain]
        low, high = self.range
        powers = [float(power) for power in range(math.ceil(low), math.floor(high) + 1)]
        if len(powers) < 2:
            return written
        metrics = QFontMetrics(body_font(FONT_CAPTION))
        if self.orientation in ("left", "right"):
            length, needed = self.size().height(), metrics.height()
        else:
            length = self.size().width()
            texts = super().logTickStrings(powers, scale, spacing)
            needed = max(metrics.horizontalAdvance(text) for text in texts)
        every = max(1, math.ceil((needed + SPACE_M) * (high - low) / max(1.0, length)))
        return [
            text if abs(value - round(value)) < 1e-6 and round(value) % every == 0 else ""
            for value, text in zip(values, written, strict=True)
        ]
