"""Loss plot: a run that replaces another of the same name keeps nothing of that one."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend.rows import Losses
from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.plots.loss_plot import LossPlot

STEPS = np.array([10.0, 20.0])


def losses(*means: float) -> Losses:
    values = np.array(means)
    return Losses(STEPS, values, values, values, np.ones(2))


@pytest.fixture
def plot(qtbot: QtBot, theme: Theme) -> LossPlot:
    made = LossPlot()
    qtbot.addWidget(made)
    made.resize(400, 240)
    made.show()
    made.set_colour("mnist", 0)
    made.update_series("mnist", losses(0.5, 0.4))
    made.update_held_out("mnist", STEPS, np.array([0.6, 0.55]))
    qtbot.waitUntil(lambda: "held out 0.5500" in made.readout.text())
    return made


def test_as_many_losses_of_held_out_pictures_may_be_others(qtbot: QtBot, plot: LossPlot) -> None:
    plot.update_series("mnist", losses(0.9, 0.8))
    plot.update_held_out("mnist", STEPS, np.array([0.95, 0.85]))
    qtbot.waitUntil(lambda: "held out 0.8500" in plot.readout.text())


def test_its_curve_takes_its_own_colour(qtbot: QtBot, theme: Theme, plot: LossPlot) -> None:
    plot.set_colour("mnist", 1)

    def colour() -> str:
        assert plot.canvas is not None
        return str(plot.canvas._drawn["mnist"].smooth.opts["pen"].color().name())

    qtbot.waitUntil(lambda: colour() == theme.plot_color(1))
