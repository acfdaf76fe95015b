"""Spreading points: the playback pauses when the user chooses a t."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.learn.spreading_chapter import SpreadingChapter
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.teaching.results import DiffusedPoints
from tests.gui.fake_backend import FakeBackend


@pytest.mark.parametrize(
    "choose",
    [
        lambda chapter: QTest.keyClick(chapter.time, Qt.Key.Key_End),
        lambda chapter: chapter.entropy.moved.emit(10),
    ],
    ids=["slider", "plot"],
)
def test_a_moment_that_is_chosen_stays(
    qtbot: QtBot, choose: Callable[[SpreadingChapter], object]
) -> None:
    chapter = SpreadingChapter(Studio(FakeBackend()), ActionRegistry())
    qtbot.addWidget(chapter)
    moments = tuple(np.full((4, 2), t, np.float32) for t in range(11))
    chapter._on_result(DiffusedPoints(moments, np.linspace(1, 2, 11), 2.0))
    assert chapter._timer.isActive()
    choose(chapter)
    assert not chapter._timer.isActive()
    assert chapter.time.value() == 10
