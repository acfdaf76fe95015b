"""Command palette: finds actions by synonyms of the words in the menus."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.shell.main_window import MainWindow
from tests.gui.panel_help import opened


@pytest.fixture
def window(qtbot: QtBot, backend: Backend) -> MainWindow:
    return opened(qtbot, backend)


def listed(window: MainWindow, words: str) -> list[str]:
    palette = window.helping.palette
    assert palette is not None
    palette.field.setText(words)
    rows = (palette.list.item(row) for row in range(palette.list.count()))
    found = (row.data(Qt.ItemDataRole.UserRole) for row in rows)
    return [action.objectName() for action in found if action is not None]


def test_the_palette_knows_other_words_for_an_action(window: MainWindow) -> None:
    window.actions_["help.palette"].trigger()
    for words, action in (
        ("zoom", "view.tab6"),
        ("zoom", "reverse.as_single"),
        ("zoom", "observatory.page1"),
        ("learning rate", "training.settings"),
        ("learning rate", "observatory.page1"),
        ("batch size", "training.settings"),
        ("preferences", "file.settings"),
        ("dark mode", "view.theme_dark"),
        ("exit", "file.quit"),
        ("continue", "training.resume"),
    ):
        assert action in listed(window, words), words
    assert listed(window, "zoomqqq") == []


def test_the_settings_of_a_training_come_forth_from_wherever_they_hide(
    window: MainWindow,
) -> None:
    training = window.training
    window.docks[1].close()
    training.settings_fold.setChecked(False)
    window.actions_["training.settings"].trigger()
    for key in ("preset", "learning_rate"):
        assert training.form.editor(key).isVisible()
    assert window.focusWidget() is training.form.editor("preset")
