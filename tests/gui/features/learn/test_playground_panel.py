from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.learn import playground_panel
from ddpm_studio.gui.features.learn.playground_panel import PlaygroundPanel
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Points
from ddpm_studio.requests import PlaygroundRequest
from tests.gui.features.learn.chapter_alone import actions_of
from tests.gui.panel_help import WAIT


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio) -> PlaygroundPanel:
    made = PlaygroundPanel(studio, actions_of(studio, lambda: made))
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


def learn_for(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the panel train for ``steps`` steps, fewer than it would for a user."""
    monkeypatch.setattr(
        playground_panel, "PlaygroundRequest", partial(PlaygroundRequest, steps=steps)
    )


def test_it_learns_and_then_shows_q_the_score_and_the_ways_back(
    qtbot: QtBot, panel: PlaygroundPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn_for(600, monkeypatch)
    panel.shape.setCurrentIndex(panel.shape.findData("eight_gaussians"))
    panel.train()
    qtbot.waitUntil(lambda: panel.trajectories_ready, timeout=3 * WAIT)
    qtbot.waitUntil(lambda: panel.score.similarity.text() != "", timeout=WAIT)
    assert panel.model is not None
    panel.play()
    panel.progress_slider.setValue(panel.progress_slider.maximum())
    for tile in panel.tiles:
        last = tile.plot.points
        assert last is not None
        radius = np.linalg.norm(last, axis=1)
        assert abs(np.median(radius) - 1.407) < 0.1, "on the ring of the eight"
    panel.progress_slider.setValue(40)
    states = [len(tile.trajectory.states) for tile in panel.tiles if tile.trajectory is not None]
    assert len(set(states)) > 1, "in step, though their steps are not as many"
    panel.score.time.setValue(100)

    def noisy() -> bool:
        points = panel.score.plot.points
        return (
            points is not None
            and abs(float(np.std(points)) - 1) < 0.1
            and bool(np.linalg.norm(points, axis=1).min() < 0.5)
        )

    qtbot.waitUntil(noisy, timeout=WAIT)
    _langevin(qtbot, panel)


def _langevin(qtbot: QtBot, panel: PlaygroundPanel) -> None:
    """Check that a Langevin chain belongs to a single t, and is drawn again for another one."""
    tile = panel.tiles[3]
    tile.sampler.setCurrentText("Langevin at t")
    qtbot.waitUntil(
        lambda: tile.trajectory is not None and len(tile.trajectory.states) == 201, timeout=WAIT
    )
    wide = tile.trajectory
    panel.score.time.setValue(5)
    qtbot.waitUntil(lambda: tile.trajectory is not wide, timeout=WAIT)
    assert wide is not None
    assert tile.trajectory is not None
    narrow = tile.trajectory.states
    assert np.std(narrow[-1] - narrow[-2]) < np.std(wide.states[-1] - wide.states[-2])
    assert panel.equations.chain.isHidden()
    for other in panel.tiles:
        other.sampler.setCurrentText("Langevin at t")
    assert not panel.equations.chain.isHidden()


def test_the_points_and_numbers_are_there_before_anything_is_learned(
    qtbot: QtBot, panel: PlaygroundPanel
) -> None:
    qtbot.waitUntil(lambda: panel.score.plot.data is not None, timeout=WAIT)
    panel.score.time.setValue(30)
    panel.equations.score.highlight_symbol("noise")
    # β rises from 0.001 to 0.2; 1 − ᾱ_30 is computed by hand.
    bar = np.prod(1 - np.linspace(0.001, 0.2, 100)[:30])
    words = f"{(1 - bar) ** 0.5:.3f}"
    qtbot.waitUntil(lambda: words in panel.equations.score.caption(), timeout=WAIT)


def test_before_learning_the_samplers_stand_before_noise(
    qtbot: QtBot, panel: PlaygroundPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn_for(20, monkeypatch)

    def shown() -> list[Points]:
        found = (tile.plot.points for tile in panel.tiles)
        return [points for points in found if points is not None]

    qtbot.waitUntil(lambda: len(shown()) == 4, timeout=WAIT)
    assert panel.step_label.text() == "t = 100"
    for points in shown():
        assert abs(np.std(points) - 1) < 0.1, "N(0, I), not the shape"
    noise = shown()[0]
    panel.train()
    qtbot.waitUntil(lambda: panel.trajectories_ready, timeout=3 * WAIT)
    panel.play()
    panel.progress_slider.setValue(0)
    assert np.array_equal(shown()[0], noise), "what was shown is where they begin"
    panel.progress_slider.setValue(60)
    panel.shape.setCurrentIndex(panel.shape.findData("moons"))
    assert np.array_equal(shown()[0], noise)
    assert panel.step_label.text() == "t = 100"
    panel.seed.set_value(7)
    qtbot.waitUntil(lambda: not np.array_equal(shown()[0], noise), timeout=WAIT)


def test_samplers_are_called_as_elsewhere_in_the_window(panel: PlaygroundPanel) -> None:
    named = [tile.sampler.currentText() for tile in panel.tiles]
    assert named == ["DDPM", "DDIM", "DPM-Solver++ 2M", "Heun (EDM)"]
    assert "DDPM" in panel.equations.step.caption()


def test_points_are_drawn_with_the_mouse(qtbot: QtBot, panel: PlaygroundPanel) -> None:
    panel.shape.setCurrentIndex(panel.shape.findData("drawing"))
    panel.train()
    qtbot.waitUntil(lambda: "nothing to learn" in panel.messages.text, timeout=WAIT)
    field = panel.score.plot.plot.viewport()
    middle = field.rect().center()
    QTest.mousePress(field, Qt.MouseButton.LeftButton, pos=middle)
    assert panel.status.text() == "1 point drawn"
    QTest.mouseMove(field, middle + QPoint(9, 0))
    QTest.mouseRelease(field, Qt.MouseButton.LeftButton, pos=middle)
    (x, y), *_ = panel._drawing
    assert abs(x) < 0.05
    assert abs(y) < 0.05
    QTest.keyClick(panel.score.plot.plot, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(panel.score.plot.plot, Qt.Key.Key_Right)
    QTest.keyClick(panel.score.plot.plot, Qt.Key.Key_Space)
    np.testing.assert_allclose(panel._drawing[-2:], [(0, 0.1), (0.1, 0.1)])
    panel.eraser.click()
    assert panel._drawing == []
    panel.shape.setCurrentIndex(0)
    assert not panel.score.plot.drawing
