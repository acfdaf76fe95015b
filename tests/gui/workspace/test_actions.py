from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.workspace.actions import ActionRegistry, ShortcutTakenError


def nothing() -> None:
    pass


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def actions(qtbot: QtBot, settings: QSettings) -> ActionRegistry:
    made = ActionRegistry(settings)
    made.add("file.open", "&Open folder…", nothing, category="File", shortcut="Ctrl+O", icon="play")
    made.add("run.train", "Train", nothing, category="Run", shortcut="Ctrl+T", tip="Start at once")
    made.add("file.save", "Save", nothing, category="File")
    return made


def test_order_and_categories_are_kept(actions: ActionRegistry) -> None:
    assert actions.categories() == ["File", "Run"]
    assert [action.objectName() for action in actions] == ["file.open", "run.train", "file.save"]
    assert [action.text() for action in actions.in_category("File")] == ["&Open folder…", "Save"]
    assert len(actions) == 3
    assert "file.save" in actions
    assert not actions["file.open"].icon().isNull()


def test_an_id_is_taken_once(actions: ActionRegistry) -> None:
    with pytest.raises(ValueError, match=r"file\.open"):
        actions.add("file.open", "Again", nothing, category="File")


def test_callbacks_are_called_switches_with_their_state(actions: ActionRegistry) -> None:
    heard: list[object] = []
    actions.add("a", "A", lambda: heard.append("a"), category="Run")
    actions.add("b", "B", heard.append, category="Run", checkable=True)
    actions.add("c", "C", lambda: heard.append("c"), category="Run", enabled=False)
    for action_id in "abbc":
        actions[action_id].trigger()
    assert heard == ["a", True, False]


def test_a_shortcut_works_in_the_window_and_stands_in_the_tip(
    qtbot: QtBot, actions: ActionRegistry
) -> None:
    heard: list[str] = []
    actions.add("x", "X", lambda: heard.append("x"), category="Run", shortcut="Ctrl+Shift+X")
    window = QMainWindow()
    qtbot.addWidget(window)
    actions.attach(window)
    window.show()
    with qtbot.waitActive(window):
        window.activateWindow()
    modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_X, modifiers)
    assert heard == ["x"]
    assert actions["run.train"].toolTip() == "Start at once (Ctrl+T)"


def test_a_changed_shortcut_survives_and_can_be_taken_back(
    qtbot: QtBot, actions: ActionRegistry, settings: QSettings
) -> None:
    actions.set_shortcut("file.open", "Ctrl+Shift+F5")
    again = ActionRegistry(settings)
    again.add("file.open", "Open", nothing, category="File", shortcut="Ctrl+O")
    assert again.shortcut("file.open") == "Ctrl+Shift+F5"
    assert again.default_shortcut("file.open") == "Ctrl+O"
    again.reset_shortcuts()
    third = ActionRegistry(settings)
    third.add("file.open", "Open", nothing, category="File", shortcut="Ctrl+O")
    assert third.shortcut("file.open") == "Ctrl+O"


def test_a_shortcut_can_be_taken_away_for_good(
    qtbot: QtBot, actions: ActionRegistry, settings: QSettings
) -> None:
    actions.set_shortcut("file.open", "")
    again = ActionRegistry(settings)
    again.add("file.open", "Open", nothing, category="File", shortcut="Ctrl+O")
    assert again.shortcut("file.open") == ""


def test_a_taken_shortcut_is_refused_and_names_its_owner(actions: ActionRegistry) -> None:
    with pytest.raises(ShortcutTakenError) as caught:
        actions.set_shortcut("file.open", "ctrl+t")
    assert caught.value.owner == "run.train"
    assert actions.shortcut("file.open") == "Ctrl+O"
    with pytest.raises(ShortcutTakenError):
        actions.add("new", "New", nothing, category="File", shortcut="Ctrl+O")
    actions.set_shortcut("run.train", "Ctrl+T")


def test_a_sequence_conflicts_with_its_own_beginning(actions: ActionRegistry) -> None:
    assert actions.owner_of("Ctrl+T, Ctrl+A") == "run.train"
    assert actions.owner_of("Ctrl+U") is None
    assert actions.owner_of("") is None


def test_a_default_gives_way_to_what_the_user_chose(
    qtbot: QtBot, actions: ActionRegistry, settings: QSettings
) -> None:
    actions.set_shortcut("file.save", "Ctrl+K")
    again = ActionRegistry(settings)
    again.add("file.save", "Save", nothing, category="File")
    again.add("palette", "Palette", nothing, category="View", shortcut="Ctrl+K")
    assert again.shortcut("file.save") == "Ctrl+K"
    assert again.shortcut("palette") == ""


@pytest.mark.parametrize(
    ("words", "first"),
    [("open", "file.open"), ("tra", "run.train"), ("opfld", "file.open"), ("at once", "run.train")],
)
def test_the_palette_finds(actions: ActionRegistry, words: str, first: str) -> None:
    assert actions.find(words)[0].objectName() == first


def test_the_palette_finds_nothing_for_nonsense_and_all_for_nothing(
    actions: ActionRegistry,
) -> None:
    assert actions.find("qqq") == []
    # Letters scattered over words that aren't consecutive don't match.
    assert actions.find("oplf") == actions.find("oer") == []
    assert len(actions.find("")) == 3
