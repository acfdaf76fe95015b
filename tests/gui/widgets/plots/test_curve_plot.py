from __future__ import annotations

import itertools

import pytest
from PySide6.QtGui import QFontMetrics
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme.theme import Theme, body_font
from ddpm_studio.gui.theme.tokens import FONT_CAPTION
from ddpm_studio.gui.widgets.plots.curve_plot import CurvePlot


def labels_below(plot: CurvePlot) -> list[tuple[float, str]]:
    """Return the position in pixels along the axis, and the text, of each label below the plot.

    A label that ticks of two levels have at the same place is listed once.
    """
    axis = plot.plot.getPlotItem().getAxis("bottom")
    low, high = axis.range
    length = axis.size().width()
    found = set()
    for spacing, values in axis.tickValues(low, high, length):
        for value, text in zip(values, axis.tickStrings(values, 1, spacing), strict=True):
            if text:
                found.add((round((value - low) / (high - low) * length, 3), text))
    return sorted(found)


@pytest.mark.parametrize(("width", "least"), [(100, 1), (140, 2), (300, 4)])
def test_powers_of_ten_are_labelled_as_far_as_they_fit(
    qtbot: QtBot, theme: Theme, width: int, least: int
) -> None:
    plot = CurvePlot("bits", "t", "bits/dim", log="x")
    qtbot.addWidget(plot)
    plot.resize(width, 160)
    plot.show()
    plot.set_curves([([1, 10, 100, 1000], [1, 2, 3, 4])])
    plot.grab()
    found = labels_below(plot)
    assert len(found) >= least
    metrics = QFontMetrics(body_font(FONT_CAPTION))
    ends = [
        (x - metrics.horizontalAdvance(text) / 2, x + metrics.horizontalAdvance(text) / 2)
        for x, text in found
    ]
    for (_, right), (left, _) in itertools.pairwise(ends):
        assert left - right >= 4


def test_the_label_at_the_upper_end_is_whole(qtbot: QtBot, theme: Theme) -> None:
    plot = CurvePlot("rate", "t", "bits/dim")
    qtbot.addWidget(plot)
    plot.resize(200, 160)
    plot.show()
    plot.set_curves([([0, 1], [0, 1.5])])
    plot.grab()
    axis = plot.plot.getPlotItem().getAxis("left")
    top = axis.mapToScene(0, 0).y()
    assert top >= QFontMetrics(body_font(FONT_CAPTION)).height() / 2 - 2


def test_a_lone_point_has_an_axis_of_whole_steps(qtbot: QtBot, theme: Theme) -> None:
    plot = CurvePlot("quality", "step", "")
    qtbot.addWidget(plot)
    plot.resize(400, 200)
    plot.show()
    plot.set_curves([([5000], [3.5]), ([], [])])
    plot.grab()
    low, high = plot.plot.getPlotItem().getAxis("bottom").range
    assert low == 0
    assert high == 10_000
    labels = [text.replace(",", "") for _, text in labels_below(plot)]
    assert "5000" in labels
    assert all(float(text) == int(float(text)) for text in labels)
    plot.set_curves([([5000, 6000], [3.5, 2.0])])
    plot.grab()
    low, high = plot.plot.getPlotItem().getAxis("bottom").range
    assert 4500 < low <= 5000
    assert 6000 <= high < 6500
