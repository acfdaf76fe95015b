from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.errors import StudioError
from ddpm_studio.gui.panels.run_choice import RunChoice


@pytest.fixture
def choice(qtbot: QtBot, tmp_path: Path) -> Iterator[RunChoice]:
    """Yield the choice in a window, above another field."""
    window = QWidget()
    qtbot.addWidget(window)
    made = RunChoice()
    layout = QVBoxLayout(window)
    layout.addWidget(made)
    layout.addWidget(QLineEdit())
    made.set_folder(tmp_path)
    yield made
    window.close()


def test_a_long_name_shows_its_beginning_when_it_is_left(choice: RunChoice, qtbot: QtBot) -> None:
    window, edit = choice.window(), choice.name_edit
    with qtbot.waitExposed(window):
        window.show()
    window.activateWindow()
    edit.setFocus()
    qtbot.waitUntil(edit.hasFocus)
    edit.clear()
    qtbot.keyClicks(edit, "from here to the end of the world")
    assert edit.cursorPosition() == len(edit.text())
    qtbot.keyClick(edit, Qt.Key.Key_Tab)
    assert not edit.hasFocus()
    assert edit.cursorPosition() == 0


def test_a_refusal_names_what_is_not_allowed(choice: RunChoice) -> None:
    choice.name_edit.setText("A & B, 100%s")
    assert choice.path().name == "A & B, 100%s"
    for text, reason in (("a/b", "/"), ("<b>", "< >"), ("..", "another"), (" ", "no name")):
        choice.name_edit.setText(text)
        with pytest.raises(StudioError, match=reason):
            choice.path()
