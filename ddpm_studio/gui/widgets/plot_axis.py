"""The look that the axes of all plots share."""

from __future__ import annotations

import pyqtgraph as pg

from ddpm_studio.gui.theme import body_font
from ddpm_studio.gui.tokens import FONT_CAPTION


def dress_axis(axis: pg.AxisItem) -> None:
    """Give an axis small figures, short ticks inside, and plain units."""
    axis.enableAutoSIPrefix(False)
    axis.setTickFont(body_font(FONT_CAPTION))
    axis.label.setFont(body_font(FONT_CAPTION))
    axis.setStyle(tickLength=-4, tickTextOffset=4)
