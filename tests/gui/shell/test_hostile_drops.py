"""Malformed files dropped on the window: one line in the message bar, open data stays open."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio
from tests.hostile.corpus import corpus

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of POSIX")

DROPS = (
    "zip name up",
    "zip bomb",
    "tar size huge of 0",
    "tar attributes of digits",
    "huge for data",
    "pipe for data",
    "npy header of minus signs",
    "npy of objects",
    "idx.gz that claims all",
    "run.json of nested for info",
    "run.json ten thousand levels for info",
    "diffusers config of nested",
    "diffusers pickle of a program",
    "recipe of a list for a request",
    r"recipe of the run '\\\\server\\sha'",
)


@pytest.fixture
def window(studio: Studio, qtbot: QtBot) -> MainWindow:
    made = MainWindow(studio, open_settings())
    qtbot.addWidget(made)
    made.build_tools()
    made.show()
    return made


def drop(window: MainWindow, path: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    buttons, modifiers = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    action = Qt.DropAction.CopyAction
    window.dropEvent(QDropEvent(QPointF(9, 9), action, mime, buttons, modifiers))


def test_each_gives_one_line_and_nothing_is_lost(
    window: MainWindow, qtbot: QtBot, picture_folder: Path, tmp_path: Path
) -> None:
    studio = window.studio
    drop(window, picture_folder)
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=30_000)
    kept = studio.dataset
    for number, name in enumerate(DROPS):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = corpus()[name].make(folder)
        with qtbot.waitSignal(studio.notified, timeout=30_000) as told:
            drop(window, path)
        failure = told.args[0]
        assert window.messages.isVisible()
        assert failure.line.isprintable(), name
        assert "Unexpected" not in failure.line, (name, failure.line)
        qtbot.waitUntil(lambda: studio.dataset is not None, timeout=30_000)
        assert kept is not None
        assert studio.dataset is not None
        assert studio.dataset.fingerprint == kept.fingerprint, name
        assert studio.sources == (picture_folder,), name
