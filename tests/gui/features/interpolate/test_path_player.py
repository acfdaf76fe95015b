"""Playback of an interpolation path."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.interpolate.path_view import PathView
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.fake_backend import FakeBackend


def test_who_scrubs_the_strip_pauses_what_plays(qtbot: QtBot) -> None:
    view = PathView(Studio(FakeBackend()))
    qtbot.addWidget(view)
    view.show()
    frames = np.arange(9 * 4 * 4 * 3, dtype=np.uint16).astype(np.uint8).reshape(9, 4, 4, 3)
    view.show_frames(frames)
    view.play()
    playing = [view.playing]
    QTest.keyClick(view.strip, Qt.Key.Key_End)
    playing.append(view.playing)
    assert playing == [True, False]
    assert view.play_button.accessibleName() == "Play"
    np.testing.assert_array_equal(view.preview.picture(0), frames[8])
