"""Axis style shared by all pyqtgraph plots."""

from __future__ import annotations

import math

import pyqtgraph as pg
from PySide6.QtGui import QFontMetrics

from ddpm_studio.gui.theme.theme import body_font
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M

# Half a line and half a number: labels are centred on ticks, which may be at the very end.
_ABOVE, _RIGHT = 7, 12


def style_axis(axis: pg.AxisItem) -> None:
    """Style an axis: caption font, short inward ticks, no SI prefixes."""
    axis.enableAutoSIPrefix(False)
    axis.setTickFont(body_font(FONT_CAPTION))
    axis.label.setFont(body_font(FONT_CAPTION))
    axis.setStyle(tickLength=-4, tickTextOffset=4)


def add_margins(item: pg.PlotItem) -> None:
    """Add margins to a plot for outermost tick labels that extend beyond the axes."""
    item.setContentsMargins(0, _ABOVE, _RIGHT, 0)


class DecadeAxis(pg.AxisItem):  # type: ignore[misc]
    """Axis that on a log scale of at least a decade labels as many powers of ten as fit."""

    def logTickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the tick labels; where powers are too dense, only every second, third, …"""
        full_labels: list[str] = super().logTickStrings(values, scale, spacing)
        # Shortened, as it would overlap the label of the axis.
        labels = [text.replace("0.0001", "10⁻⁴") for text in full_labels]
        low, high = self.range
        powers = [float(power) for power in range(math.ceil(low), math.floor(high) + 1)]
        if len(powers) < 2:
            return labels
        metrics = QFontMetrics(body_font(FONT_CAPTION))
        if self.orientation in ("left", "right"):
            axis_length, label_size = self.size().height(), metrics.height()
        else:
            axis_length = self.size().width()
            texts = super().logTickStrings(powers, scale, spacing)
            label_size = max(metrics.horizontalAdvance(text) for text in texts)
        interval = max(1, math.ceil((label_size + SPACE_M) * (high - low) / max(1.0, axis_length)))
        return [
            text if abs(value - round(value)) < 1e-6 and round(value) % interval == 0 else ""
            for value, text in zip(values, labels, strict=True)
        ]
