"""Loss by timestep: each part is labelled with the t that a training puts into it."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.plots.bar_plot import BarPlot
from ddpm_studio.gui.widgets.plots.heat_map import HeatMap
from ddpm_studio.jobs.events import BINS


def held(timesteps: int, part: int) -> list[int]:
    """Return the t of a part, binned as in the log of a training."""
    index = np.arange(timesteps)
    return [int(one) + 1 for one in index[index * BINS // timesteps == part]]


@pytest.mark.parametrize("timesteps", [1, 4, 10, 20, 50, 250, 1000, 1003])
def test_a_part_is_named_by_the_t_it_holds(qtbot: QtBot, theme: Theme, timesteps: int) -> None:
    bars, heat = BarPlot(), HeatMap("Loss by timestep")
    for plot in (bars, heat):
        qtbot.addWidget(plot)
    bars.set_values([0.5] * BINS, timesteps)
    heat.set_rows(np.array([1.0]), np.full((1, BINS), 0.5), timesteps, 1.0)
    for part in range(BINS):
        ts = held(timesteps, part)
        bin_text = "no t"
        if ts:
            bin_text = f"t {ts[0]:,}–{ts[-1]:,}" if len(ts) > 1 else f"t {ts[0]:,}"
        assert bars.bin_text(part) == f"{bin_text} · loss 0.5000"
        assert heat.bin_text(1.0, part) == f"{bin_text} · loss 0.5000"
