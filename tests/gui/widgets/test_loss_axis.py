from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.loss_canvas import LossCanvas
from ddpm_studio.gui.widgets.loss_series import LossSeries


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
    series.append(np.arange(9), np.linspace(low, high, 9))
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
