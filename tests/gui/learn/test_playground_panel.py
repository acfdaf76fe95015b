from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.actions import ActionRegistry
from ddpm_studio.gui.learn.playground_panel import PlaygroundPanel
from ddpm_studio.gui.studio import Studio
from tests.gui.panel_help import WAIT


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio) -> PlaygroundPanel:
    made = PlaygroundPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_it_learns_and_then_shows_q_the_score_and_the_way_back(
    qtbot: QtBot, panel: PlaygroundPanel
) -> None:
    panel.shape.setCurrentIndex(panel.shape.findData("eight_gaussians"))
    panel.train()
    qtbot.waitUntil(lambda: bool(panel.frames), timeout=WAIT)
    qtbot.waitUntil(lambda: panel.forward.points is not None, timeout=WAIT)
    assert panel.model is not None
    panel.moment.setValue(panel.moment.maximum())
    last = panel.reverse.points
    assert last is not None
    radius = np.linalg.norm(last, axis=1)
    assert abs(np.median(radius) - 1.407) < 0.1, "on the ring of the eight"
    panel.time.setValue(100)

    def noisy() -> bool:
        points = panel.forward.points
        return (
            points is not None
            and abs(float(np.std(points)) - 1) < 0.1
            and bool(np.linalg.norm(points, axis=1).min() < 0.5)
        )

    qtbot.waitUntil(noisy, timeout=WAIT)
    before = len(panel.frames)
    panel.sampler.setCurrentText("dpm++2m")
    qtbot.waitUntil(lambda: len(panel.frames) != before, timeout=WAIT)
    equation = panel.equations[1].text()
    panel.sampler.setCurrentText("Langevin at t")
    assert panel.equations[1].text() != equation
    qtbot.waitUntil(lambda: len(panel.frames) == 201, timeout=WAIT)
    wide = panel.frames[-1]
    panel.time.setValue(5)
    qtbot.waitUntil(lambda: panel.frames[-1] is not wide, timeout=WAIT)
    assert np.std(panel.frames[-1] - panel.frames[-2]) < np.std(wide), "smaller steps at small t"
    panel.sampler.setCurrentText("langevin")
    qtbot.waitUntil(lambda: len(panel.frames) != 201, timeout=WAIT)
    assert panel.equations[1].text() == equation


def test_points_are_drawn_with_the_mouse(qtbot: QtBot, panel: PlaygroundPanel) -> None:
    panel.shape.setCurrentIndex(panel.shape.findData("drawing"))
    panel.train()
    qtbot.waitUntil(lambda: "nothing to learn" in panel.messages.text, timeout=WAIT)
    field = panel.forward.plot.viewport()
    middle = field.rect().center()
    QTest.mousePress(field, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(field, middle + QPoint(9, 0))
    QTest.mouseRelease(field, Qt.MouseButton.LeftButton, pos=middle)
    (x, y), *_ = panel._drawing
    assert abs(x) < 0.05
    assert abs(y) < 0.05
    panel.shape.setCurrentIndex(0)
    assert not panel.forward.drawing
