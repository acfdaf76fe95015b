"""Keys of other alphabets, which Qt has no names for, cause no errors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.learn.point_plot import PointPlot
from ddpm_studio.gui.widgets.pictures.mask_editor import MaskEditor
from ddpm_studio.gui.widgets.pictures.xy_pad import XYPad

_EF = 0x0424  # Ф, where a Latin keyboard has A


def _drawing() -> PointPlot:
    plot = PointPlot("Points")
    plot.drawing = True
    return plot


@pytest.mark.parametrize(
    "make",
    [lambda: XYPad("place", ("A", "B", "C", "D")), lambda: MaskEditor("Picture"), _drawing],
    ids=["pad", "mask", "points"],
)
def test_a_letter_without_a_name_is_no_error(qtbot: QtBot, make: Callable[[], QWidget]) -> None:
    widget = make()
    qtbot.addWidget(widget)
    with qtbot.captureExceptions() as errors:
        event = QKeyEvent(QEvent.Type.KeyPress, _EF, Qt.KeyboardModifier.NoModifier, "Ф")
        QApplication.sendEvent(widget.plot if isinstance(widget, PointPlot) else widget, event)
    assert not errors
