"""Settings dialog: stored, searched, and reset one by one or all; shortcuts are edited."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QDialogButtonBox, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, JobSpec
from ddpm_studio.backend.spec import DeviceCall, DeviceSteps, Lane
from ddpm_studio.gui.features.preferences.apply_settings import SettingsApplier
from ddpm_studio.gui.features.preferences.dialog import SettingsDialog
from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.recent import Recent
from ddpm_studio.gui.workspace.settings import Preferences, Settings, open_settings
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Progress
from ddpm_studio.requests import PrepareOptions
from tests.gui.panel_help import WAIT

OTHER: dict[str, object] = {
    "theme": "dark",
    "bands": "5,4,1",
    "runs_folder": "/somewhere/else",
    "saved_size": "512",
    "device": "cpu",
    "precision": "bf16",
    "threads": 1,
    "measure": False,
    "plugins": False,
    "notify": False,
    "notify_after": 5,
}
"""A value for each setting that is not its first one."""


@pytest.fixture
def actions(qtbot: QtBot) -> ActionRegistry:
    made = ActionRegistry(open_settings())
    made.add("file.open", "Open", print, category="&File", shortcut="Ctrl+O")
    made.add("file.quit", "Quit", print, category="&File")
    made.add("run.train", "Train", print, category="&Run", shortcut="Ctrl+T")
    return made


@pytest.fixture
def dialog(qtbot: QtBot, actions: ActionRegistry) -> Iterator[SettingsDialog]:
    owner = QWidget()
    qtbot.addWidget(owner)
    made = SettingsDialog(Preferences(open_settings(), owner), actions, owner)
    made.show()
    yield made
    made.close()


def test_every_setting_survives_a_restart_and_can_be_reset(qtbot: QtBot) -> None:
    assert set(OTHER) == set(Settings.model_fields)
    first = Preferences(open_settings())
    for key, value in OTHER.items():
        first.set(key, value)
    again = Preferences(open_settings())
    assert again.now.model_dump() == OTHER
    again.reset()
    assert again.now == Settings()
    assert Preferences(open_settings()).now == Settings()


def test_a_kept_value_that_is_not_allowed_counts_as_never_set(qtbot: QtBot) -> None:
    store = open_settings()
    store.setValue("settings/threads", "-3")
    store.setValue("settings/theme", "{broken")
    store.setValue("settings/device", '"cpu"')
    now = Preferences(store).now
    assert now == Settings(device="cpu")


@pytest.mark.parametrize("key", list(OTHER))
def test_each_row_edits_its_setting_and_resets_it(dialog: SettingsDialog, key: str) -> None:
    row = dialog.settings.rows[key]
    preferences = dialog.settings._preferences
    assert not row.reset_button.isVisible()
    row.editor.write(OTHER[key])
    assert getattr(preferences.now, key) == OTHER[key]
    assert row.reset_button.isVisible()
    row.reset_button.click()
    assert preferences.is_default(key)
    assert row.editor.read() == getattr(Settings(), key)


def test_all_are_reset_by_one_button(dialog: SettingsDialog) -> None:
    for key, value in OTHER.items():
        dialog.settings.rows[key].editor.write(value)
    dialog.settings.reset_button.click()
    assert dialog.settings._preferences.now == Settings()


@pytest.mark.parametrize(
    ("words", "shown"),
    [("theme", {"theme"}), ("cpu core", {"threads"}), ("notification", {"notify", "notify_after"})],
)
def test_words_narrow_the_settings(dialog: SettingsDialog, words: str, shown: set[str]) -> None:
    dialog.field.setText(words)
    rows = dialog.settings.rows
    assert {key for key, row in rows.items() if not row.isHidden()} == shown
    dialog.field.clear()
    assert not any(row.isHidden() for row in rows.values())


def test_words_that_only_a_shortcut_has_lead_to_it(dialog: SettingsDialog) -> None:
    dialog.field.setText("quit")
    assert dialog.tabs.currentWidget() is dialog.shortcuts
    table = dialog.shortcuts.table
    seen = [row for row in range(table.rowCount()) if not table.isRowHidden(row)]
    cells = [table.item(row, 0) for row in seen]
    assert [cell.text() for cell in cells if cell is not None] == ["Quit"]


def test_new_keys_are_pressed_and_kept(dialog: SettingsDialog, actions: ActionRegistry) -> None:
    page = dialog.shortcuts
    dialog.tabs.setCurrentWidget(page)
    page.choose("run.train")
    page.keys.setFocus()
    QTest.keyClick(page.keys, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    page.keys.editingFinished.emit()
    assert actions.shortcut("run.train") == "Ctrl+J"
    page.clear_button.click()
    assert actions.shortcut("run.train") == ""
    page.reset_button.click()
    assert actions.shortcut("run.train") == "Ctrl+T"


def test_a_conflict_is_named_and_resolved_only_when_asked(
    dialog: SettingsDialog, actions: ActionRegistry
) -> None:
    page = dialog.shortcuts
    page.choose("run.train")
    page.keys.setKeySequence(QKeySequence("Ctrl+O"))
    page.keys.editingFinished.emit()
    assert "“Open”" in page.messages.text
    assert (actions.shortcut("run.train"), actions.shortcut("file.open")) == ("Ctrl+T", "Ctrl+O")
    assert page.keys.keySequence().toString() == "Ctrl+T"
    page.messages.action_button.click()
    assert (actions.shortcut("run.train"), actions.shortcut("file.open")) == ("Ctrl+O", "")
    page.reset_all_button.click()
    assert (actions.shortcut("run.train"), actions.shortcut("file.open")) == ("Ctrl+T", "Ctrl+O")
    page.messages.action_button.click()
    assert (actions.shortcut("run.train"), actions.shortcut("file.open")) == ("Ctrl+O", "")


def test_a_reset_of_all_settings_can_be_undone(dialog: SettingsDialog) -> None:
    page = dialog.settings
    page._preferences.set("theme", "dark")
    page._preferences.set("threads", 3)
    page.reset_button.click()
    assert page._preferences.now == Settings()
    page.messages.action_button.click()
    assert (page._preferences.now.theme, page._preferences.now.threads) == ("dark", 3)


def test_bands_that_do_not_suit_what_was_opened_since_hinder_no_reset_and_no_undo(
    dialog: SettingsDialog,
) -> None:
    page = dialog.settings
    for key, value in OTHER.items():
        page._preferences.set(key, value)

    def check(wanted: Settings) -> None:
        raise ValueError(f"there are no bands {wanted.bands}")

    # What is opened now has other bands than those in use.
    page._preferences.checks["bands"] = check
    page.reset_button.click()
    assert page._preferences.now == Settings()
    page.messages.action_button.click()
    assert page._preferences.now.model_dump() == OTHER
    assert Preferences(open_settings()).now.model_dump() == OTHER
    with pytest.raises(ValueError, match="there are no bands 1,2,3"):
        page._preferences.set("bands", "1,2,3")
    assert page._preferences.now.bands == OTHER["bands"]


def test_it_opens_with_all_there_is_and_says_when_nothing_is_found(dialog: SettingsDialog) -> None:
    dialog.field.setText("no such thing")
    assert dialog.no_match_label.isVisible()
    dialog.close()
    dialog.show()
    assert dialog.field.text() == ""
    assert not dialog.no_match_label.isVisible()


def test_nothing_can_be_changed_while_nothing_is_found(
    dialog: SettingsDialog, actions: ActionRegistry
) -> None:
    page = dialog.shortcuts
    page.choose("run.train")
    dialog.field.setText("no such thing")
    assert page.chosen.text() == ""
    editors = (page.keys, page.clear_button, page.reset_button)
    assert not any(editor.isEnabled() for editor in editors)
    actions.set_shortcut("file.open", "Ctrl+G")
    assert not any(editor.isEnabled() for editor in editors)
    dialog.field.clear()
    assert page.chosen.text() == "Train"
    assert page.keys.isEnabled()
    assert page.keys.keySequence().toString() == actions.shortcut("run.train") == "Ctrl+T"


def test_the_keys_shown_are_those_of_an_action_in_the_list(dialog: SettingsDialog) -> None:
    dialog.shortcuts.choose("run.train")
    dialog.field.setText("quit")
    assert dialog.shortcuts.chosen.text() == "Quit"


def test_the_threads_asked_for_compute_and_the_first_number_comes_back(
    qtbot: QtBot, studio: Studio, backend: Backend
) -> None:
    import torch

    counts: list[int] = []

    def count() -> None:
        job = backend.submit(JobSpec("count", DeviceCall(lambda _: torch.get_num_threads())))
        with qtbot.waitSignal(job.finished, timeout=WAIT) as heard:
            pass
        counts.extend(heard.args or [])

    preferences = Preferences(open_settings())
    applying = SettingsApplier(preferences, studio)
    count()
    for threads in (1, None):
        with qtbot.waitSignal(applying.device_chosen, timeout=WAIT) as told:
            preferences.set("threads", counts[0] + 1 if threads else None)
        assert told.args is not None
        assert told.args[0].startswith("CPU")
        count()
    assert counts == [counts[0], counts[0] + 1, counts[0]]


def test_threads_that_are_changed_during_a_training_are_those_after_it(
    qtbot: QtBot, studio: Studio, backend: Backend
) -> None:
    import torch

    from ddpm_studio.jobs.machine.threads import ThreadTuner

    trains, counts = True, list[int]()

    def train() -> Generator[Progress, None, None]:
        tuner = ThreadTuner(True, others=lambda: 0.0)
        counts.append(torch.get_num_threads())
        while trains:
            tuner.run(lambda: None)
            list(tuner.after_step())
            yield Progress(0, 1, "Training")
        counts.append(torch.get_num_threads())
        tuner.close()
        counts.append(torch.get_num_threads())

    preferences = Preferences(open_settings())
    applying = SettingsApplier(preferences, studio)

    def choose(threads: int | None) -> None:
        with qtbot.waitSignal(applying.device_chosen, timeout=WAIT):
            preferences.set("threads", threads)

    choose(3)
    job = backend.submit(JobSpec("train", DeviceSteps(lambda _: train()), lane=Lane.BACKGROUND))
    qtbot.waitUntil(lambda: counts == [3], timeout=WAIT)
    choose(2)
    with qtbot.waitSignal(job.finished, timeout=WAIT):
        trains = False
    choose(None)
    assert counts == [3, 2, 2]


def test_a_device_that_is_not_there_is_told_and_the_old_one_stays(
    qtbot: QtBot, studio: Studio
) -> None:
    import torch

    from ddpm_studio.jobs.machine.device import choose_device

    if torch.backends.mps.is_available():
        pytest.skip("this machine has it")
    preferences = Preferences(open_settings())
    applying = SettingsApplier(preferences, studio)
    with qtbot.waitSignal(studio.notified, timeout=WAIT) as heard:
        preferences.set("device", "mps")
    assert heard.args is not None
    assert "no mps device" in heard.args[0].line
    assert choose_device("auto").type != "mps"
    assert applying.parent() is studio


def test_recent_items_are_few_newest_first_and_real(qtbot: QtBot, tmp_path: Path) -> None:
    recent = Recent(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat))
    for k in range(12):
        folder = tmp_path / f"data {k}, with commas"
        folder.mkdir()
        recent.add_data([folder], PrepareOptions(image_size=16))
    recent.add_data([tmp_path / "data 7, with commas"], PrepareOptions(channels="gray"))
    (tmp_path / "data 11, with commas").rmdir()
    found = Recent(QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)).data()
    assert [item.title.split()[1][:-1] for item in found] == ["7", "10", "9", "8", "6", "5", "4"]
    assert found[0].options.channels == "gray"
    assert found[1].options.image_size == 16
    assert recent.runs() == []


def test_no_cross_is_dark_on_a_dark_ground(
    qtbot: QtBot, theme: Theme, dialog: SettingsDialog
) -> None:
    dialog.field.setText("theme")
    crosses: list[QAbstractButton] = dialog.field.findChildren(QToolButton)
    crosses += dialog.findChildren(QDialogButtonBox)[0].buttons()
    assert len(crosses) == 2
    for cross in crosses:
        picture = cross.icon().pixmap(32, 32).toImage()
        inks = [picture.pixelColor(x, y) for x in range(32) for y in range(32)]
        drawn = [ink.lightness() for ink in inks if ink.alpha() > 200]
        assert drawn
        assert min(drawn) > 120, cross
