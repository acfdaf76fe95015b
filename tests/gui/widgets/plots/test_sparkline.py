"""Small curve: the ends of its range of values are labelled."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.plots.sparkline import Sparkline, StepSeries


def inked(curve: Sparkline) -> int:
    """Return how many pixels at the left edge of the field differ from the background."""
    picture = curve.grab().toImage()
    area = curve.area().toRect()
    ground = picture.pixelColor(area.center())
    places = [(x, y) for x in range(area.left(), area.left() + 30) for y in range(area.height())]
    return sum(picture.pixelColor(x, area.top() + y) != ground for x, y in places)


def test_the_ends_of_the_range_are_written_at_the_left(qtbot: QtBot, theme: Theme) -> None:
    curve = Sparkline("Load", lambda value: f"{value:.0f} %", top=200.0)
    qtbot.addWidget(curve)
    curve.resize(200, 120)
    steps = np.arange(1.0, 9.0)
    # The whole curve is in the right half, away from the labels.
    curve.set_series([StepSeries(0, steps + 92, np.full(8, 100.0))], 100)
    curve.show()
    assert curve.range_labels() == ("0 %", "210 %")
    assert inked(curve) > 30


def test_no_curve_strikes_the_words_through(qtbot: QtBot, theme: Theme) -> None:
    curve = Sparkline("Load", lambda value: f"{value:.0f} %", top=100.0)
    qtbot.addWidget(curve)
    curve.resize(200, 120)
    steps = np.arange(1.0, 101.0)
    curve.set_series([StepSeries(0, steps, np.full(100, 96.0))], 100)
    curve.show()
    picture, area = curve.grab().toImage(), curve.area().toRect()
    colour = QColor(theme.plot_color(0))

    def rows(x: int) -> int:
        return sum(picture.pixelColor(x, y) == colour for y in range(area.top(), area.bottom()))

    assert rows(area.right() - 4), "the curve is drawn"
    assert not any(rows(area.left() + x) for x in range(4, 24)), "but not through its words"
