from __future__ import annotations

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ddpm_studio.backend.rows import Losses
from ddpm_studio.gui.widgets.plots.loss_canvas import LossCanvas
from ddpm_studio.gui.widgets.plots.loss_series import LossSeries


@pytest.mark.parametrize(
    ("low", "high"), [(0.8, 1.1), (0.97, 1.04), (0.0311, 0.0347), (1.0, 3.0), (0.2, 1.2)]
)
def test_a_narrow_range_of_losses_can_be_read_off(qtbot: QtBot, low: float, high: float) -> None:
    canvas = LossCanvas()
    qtbot.addWidget(canvas.widget)
    canvas.widget.resize(260, 150)
    canvas.widget.show()
    canvas.set_log(True)
    series = LossSeries(0.9)
    series.update(Losses.of_steps(np.arange(9), np.linspace(low, high, 9)))
    canvas.draw("run", series)
    canvas.widget.grab()
    axis = canvas.widget.getPlotItem().getAxis("left")
    bottom, top = axis.range
    values = [value for _, some in axis.tickValues(bottom, top, 120) for value in some]
    written = axis.tickStrings(values, 1, 1)
    seen = [(value, float(text)) for value, text in zip(values, written, strict=True) if text]
    places, read = map(np.array, zip(*seen, strict=True))
    assert len(read) >= 3
    assert len(set(read)) == len(read)
    np.testing.assert_allclose(read, 10**places, rtol=1e-3)
    assert read.min() >= 10**bottom * 0.999
    assert read.max() <= 10**top * 1.001


def test_zoomed_in_a_long_curve_is_drawn_value_by_value(qtbot: QtBot) -> None:
    canvas = LossCanvas()
    qtbot.addWidget(canvas.widget)
    canvas.widget.resize(400, 200)
    canvas.widget.show()
    steps, losses = np.arange(1, 50_001.0), np.random.default_rng(0).random(50_000) + 0.5
    series = LossSeries(0.9)
    series.update(Losses.of_steps(steps, losses))
    canvas.draw("run", series)
    item = canvas.widget.getPlotItem()
    raw = next(one for one in item.listDataItems() if isinstance(one, pg.PlotDataItem))
    assert len(raw.getOriginalDataset()[0]) < 5000, "no more than is seen is handed on"
    canvas.widget.grab()
    left, right = item.getViewBox().viewRange()[0]
    assert left <= 1
    assert right >= 50_000
    item.getViewBox().setXRange(1000, 1100, padding=0)
    canvas.widget.setFocus()
    qtbot.keyClick(canvas.widget, Qt.Key.Key_Plus)
    x, y = raw.getOriginalDataset()
    seen = (x > 1020) & (x < 1080)
    assert x[seen].tolist() == steps[1020:1079].tolist()
    assert y[seen].tolist() == losses[1020:1079].tolist()
    qtbot.keyClick(canvas.widget, Qt.Key.Key_Home)
    assert raw.getOriginalDataset()[0][-1] == 50_000
    canvas.widget.grab()
    left, right = item.getViewBox().viewRange()[0]
    assert left <= 1
    assert right >= 50_000
