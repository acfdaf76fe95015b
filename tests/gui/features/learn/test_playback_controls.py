"""Playback of an algorithm's stages, which pauses when the user goes to a stage."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.learn.playback_controls import PlaybackControls
from tests.gui.panel_help import WAIT


@pytest.fixture
def row(qtbot: QtBot) -> PlaybackControls:
    """Nine stages, at the fifth."""
    made = PlaybackControls()
    qtbot.addWidget(made)
    made.resize(400, 40)
    made.set_stages(9, 4)
    made.show()
    return made


def _click(row: PlaybackControls, title: str) -> None:
    (button,) = [one for one in row.findChildren(QAbstractButton) if one.accessibleName() == title]
    button.click()


def _press_handle(row: PlaybackControls) -> None:
    QTest.mousePress(row.slider, Qt.MouseButton.LeftButton, pos=row.slider.handle.center())
    QTest.mouseRelease(row.slider, Qt.MouseButton.LeftButton, pos=row.slider.handle.center())


def _press_groove(row: PlaybackControls) -> None:
    QTest.mousePress(row.slider, Qt.MouseButton.LeftButton, pos=row.slider.rect().center() / 8)
    QTest.mouseRelease(row.slider, Qt.MouseButton.LeftButton, pos=row.slider.handle.center())


@pytest.mark.parametrize(
    "act",
    [
        lambda row: _click(row, "Back"),
        lambda row: _click(row, "Step"),
        lambda row: _click(row, "Play"),
        lambda row: row.go(2),
        lambda row: QTest.keyClick(row.slider, Qt.Key.Key_Left),
        _press_handle,
        _press_groove,
    ],
    ids=["back", "step", "pause", "line", "key", "handle", "groove"],
)
def test_who_goes_to_a_stage_stops_the_playback(
    row: PlaybackControls, act: Callable[[PlaybackControls], object]
) -> None:
    _click(row, "Play")
    assert row.playing
    act(row)
    assert not row.playing


def test_the_playback_goes_on_by_itself_and_ends_at_the_last_stage(
    qtbot: QtBot, row: PlaybackControls
) -> None:
    row._timer.setInterval(0)
    _click(row, "Play")
    stages: list[int] = []
    row.moved.connect(stages.append)
    qtbot.waitUntil(lambda: not row.playing, timeout=WAIT)
    assert stages == [5, 6, 7, 8]
    _click(row, "Play")
    assert row.playing
    assert row.stage == 0, "from the end it begins anew"
