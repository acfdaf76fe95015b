"""Player of the reverse process: its slider jumps to where it is clicked."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.reverse.player import Player
from ddpm_studio.gui.workspace.actions import ActionRegistry
from tests.gui.panel_help import at


@pytest.fixture
def actions() -> ActionRegistry:
    return ActionRegistry()


@pytest.fixture
def player(qtbot: QtBot, actions: ActionRegistry) -> Player:
    """A player at the first of 1,001 places."""
    made = Player(actions, "reverse", "Process")
    qtbot.addWidget(made)
    made.set_position_count(1001)
    made.resize(900, made.sizeHint().height())
    made.show()
    qtbot.waitExposed(made)
    return made


def test_a_click_in_the_groove_shows_that_moment_and_a_drag_goes_on_from_there(
    player: Player,
) -> None:
    slider, left, seen = player.slider, Qt.MouseButton.LeftButton, list[int]()
    player.position_changed.connect(seen.append)
    QTest.mousePress(slider, left, pos=at(slider, 0.25))
    assert seen == [pytest.approx(250, abs=5)]
    assert slider.isSliderDown()
    for share in (0.3, 0.6, 0.5):
        QTest.mouseMove(slider, at(slider, share))
        assert player.position == pytest.approx(1000 * share, abs=5)
    QTest.mouseRelease(slider, left, pos=at(slider, 0.5))
    assert not slider.isSliderDown()
    assert player.position == pytest.approx(500, abs=5)


def test_a_click_in_the_groove_stops_what_plays(player: Player) -> None:
    player.play()
    QTest.mouseClick(player.slider, Qt.MouseButton.LeftButton, pos=at(player.slider, 0.75))
    assert not player.playing
    assert player.position == pytest.approx(750, abs=5)


def test_a_key_on_the_slider_stops_what_plays(player: Player) -> None:
    player.seek(500)
    player.play()
    QTest.keyClick(player.slider, Qt.Key.Key_Home)
    assert not player.playing
    assert player.position == 0


def test_the_handle_is_held_where_it_was_taken(player: Player) -> None:
    slider, left = player.slider, Qt.MouseButton.LeftButton
    player.seek(500)
    corner = slider.handle.center() + QPoint(slider.handle.width() // 3, 0)
    QTest.mouseClick(slider, left, pos=corner)
    assert player.position == 500
