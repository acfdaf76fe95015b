"""Proposed file name of a lesson: valid on every operating system."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.export.lesson import Lesson
from ddpm_studio.gui.shell.lessons import Lessons
from ddpm_studio.gui.shell.tool_tabs import ToolTabs
from ddpm_studio.gui.widgets.layout.save_dialog import SaveDialog
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.fake_backend import FakeBackend


def test_a_question_is_no_name_of_a_file(qtbot: QtBot, fake: FakeBackend) -> None:
    window, centre = QMainWindow(), QWidget()
    qtbot.addWidget(window)
    QVBoxLayout(centre)
    window.setCentralWidget(centre)
    lessons = Lessons(Studio(fake), ActionRegistry(), ToolTabs(), window)
    lessons._ask_path(Lesson("Noise"), "What is t: a time?", ())
    (dialog,) = window.findChildren(SaveDialog)
    assert [Path(one).name for one in dialog.selectedFiles()] == ["What is t  a time.lesson"]
