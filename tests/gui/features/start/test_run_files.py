"""Run folders in the window: renaming runs, moving them to the trash, restoring them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.common.tool_panel import choose
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.observatory.observatory_panel import ObservatoryPanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.features.start.rename_dialog import RenameDialog
from ddpm_studio.gui.features.start.run_card import RunCard
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.jobs.library.gallery import GalleryEntry
from ddpm_studio.runs import RunFolder, journal
from tests.gui.panel_help import WAIT, open_run, opened


@pytest.fixture(autouse=True)
def own_trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trash folder of the test's own, so that the user's is left alone."""
    home = tmp_path / "share"
    home.mkdir()
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    return home / "Trash"


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    own = tmp_path / "runs" / "first"
    shutil.copytree(tiny_run, own)
    return own


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, run: Path) -> MainWindow:
    return opened(qtbot, backend, run)


def no_trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point ``XDG_DATA_HOME`` below a file, where no trash folder can be made."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file" / "share"))


def rename(qtbot: QtBot, window: MainWindow, name: str) -> None:
    """Type a name into the open rename dialog, and press Enter."""
    dialog = window.findChild(RenameDialog)
    assert dialog is not None
    dialog.edit.setText(name)
    QTest.keyClick(dialog.edit, Qt.Key.Key_Return)


def draw_sample(qtbot: QtBot, window: MainWindow) -> list[GalleryEntry]:
    """Draw one picture from noise, wait until it is in the gallery, and return all from noise."""
    gallery = window.tool(GalleryPanel)
    choose(gallery.count, 1)
    gallery.draw_samples()

    def samples() -> list[GalleryEntry]:
        return [item for item in gallery.items.shown if item.kind == "sample"]

    qtbot.waitUntil(lambda: bool(samples()), timeout=WAIT)
    return samples()


def card(qtbot: QtBot, window: MainWindow, name: str) -> RunCard:
    def found() -> list[RunCard]:
        cards = window.start_page.findChildren(RunCard)
        return [one for one in cards if one.text() == name and one.isVisible()]

    qtbot.waitUntil(lambda: bool(found()), timeout=WAIT)
    return found()[0]


def test_the_open_run_is_renamed_and_stays_open_with_all_that_was_drawn(
    qtbot: QtBot, window: MainWindow, run: Path
) -> None:
    new = run.parent / "second"
    window.show_tool(window.tool(SharePanel))
    window.tool(SharePanel).draw_now()
    qtbot.waitUntil(lambda: window.tool(SharePanel).drawn is not None, timeout=WAIT)
    drawn = window.tool(SharePanel).drawn
    assert drawn is not None
    items = window.tool(GalleryPanel).items
    qtbot.waitUntil(lambda: len(items) > 0, timeout=WAIT)
    kept, colour = len(items), window.studio.colours.of(run)
    journal.begin(run, 70)

    window.actions_["run.rename"].trigger()
    rename(qtbot, window, "second")
    qtbot.waitUntil(lambda: window.windowTitle().startswith("second"), timeout=WAIT)
    assert window.studio.run == new
    assert window.recent.runs() == [new]
    assert [entry.run for entry in journal.interrupted()] == [new]
    assert window.studio.colours.of(new) == colour
    assert window.tool(SharePanel).drawn is drawn, "it need not be drawn again"
    assert str(new) in str(drawn.recipe)
    assert {item.run for item in items.shown} == {new}
    assert len(items) == kept
    assert all(item.path.is_file() for item in items.shown)
    window.show_tool(window.tool(ObservatoryPanel))
    qtbot.waitUntil(lambda: window.tool(ObservatoryPanel).title.text() == "second", timeout=WAIT)
    assert window.tool(ObservatoryPanel).messages.text == ""
    assert window.training.loss.names == ["second"]

    window.tool(SharePanel).draw_now()
    qtbot.waitUntil(lambda: window.tool(SharePanel).drawn is not drawn, timeout=WAIT)
    qtbot.waitUntil(lambda: not window.tool(SharePanel).busy, timeout=WAIT)
    assert window.tool(SharePanel).messages.text == ""
    qtbot.waitUntil(lambda: len(items) == 2 * kept, timeout=WAIT)
    window.messages.action_button.click()
    qtbot.waitUntil(lambda: window.windowTitle().startswith("first"), timeout=WAIT)
    assert window.studio.run == run
    assert window.recent.runs() == [run]
    draw_sample(qtbot, window)
    assert {item.run for item in items.shown} == {run}
    assert all(item.path.is_file() for item in items.shown)


def test_what_another_run_under_a_former_name_draws_is_kept_with_that_run(
    qtbot: QtBot, window: MainWindow, run: Path, tiny_run: Path
) -> None:
    new = run.parent / "second"
    window.run_files.rename(run)
    rename(qtbot, window, "second")
    qtbot.waitUntil(lambda: window.windowTitle().startswith("second"), timeout=WAIT)
    shutil.copytree(tiny_run, run)
    open_run(qtbot, window.studio, run)
    (item,) = draw_sample(qtbot, window)
    assert item.run == run
    assert item.path.is_file()
    assert not (new / "samples" / "gallery").exists()


def test_a_name_that_is_taken_is_refused_while_it_is_written(
    qtbot: QtBot, window: MainWindow, run: Path
) -> None:
    (run.parent / "taken").mkdir()
    window.actions_["run.rename"].trigger()
    dialog = window.findChild(RenameDialog)
    assert dialog is not None
    assert not dialog.rename_button.isEnabled(), "it is called so already"
    for name, told in (("taken", "already"), ("a/b", "'/'"), ("", "name")):
        dialog.edit.setText(name)
        assert told in dialog.problem.text()
        assert not dialog.rename_button.isEnabled()
    dialog.edit.setText("free")
    assert dialog.problem.text() == ""
    assert dialog.rename_button.isEnabled()
    dialog.reject()
    assert run.is_dir()


def test_a_run_goes_to_the_trash_and_comes_back_with_ctrl_z(
    qtbot: QtBot, window: MainWindow, run: Path, own_trash: Path
) -> None:
    window.show_tool(window.tool(GalleryPanel))
    window.tool(GalleryPanel).draw_samples()
    items = window.tool(GalleryPanel).items
    qtbot.waitUntil(lambda: len(items) > 0, timeout=WAIT)
    kept = len(items)
    before = {path.relative_to(run) for path in run.rglob("*")}

    window.actions_["run.trash"].trigger()
    qtbot.waitUntil(lambda: window.studio.run is None, timeout=WAIT)
    assert not run.exists()
    assert (own_trash / "files" / "first" / "run.json").is_file()
    assert "first is in the trash, with 4 steps (" in window.messages.text
    assert window.recent.lines()["runs"] == []
    assert len(items) == 0
    assert window.start_page.isVisible(), "nothing is open any more"
    assert window.windowTitle() == "DDPM Studio"
    assert not window.training.loss.isVisible()
    assert not window.actions_["run.trash"].isEnabled()

    assert window.actions_["edit.undo"].isEnabled()
    window.actions_["edit.undo"].trigger()
    qtbot.waitUntil(lambda: window.studio.can_draw, timeout=WAIT)
    assert window.studio.run == run
    assert {path.relative_to(run) for path in run.rglob("*")} >= before
    assert not list(own_trash.rglob("first*"))
    assert window.recent.runs() == [run]
    qtbot.waitUntil(lambda: len(items) == kept, timeout=WAIT)
    assert window.messages.text == ""
    assert not window.actions_["run.undo"].isEnabled()
    qtbot.waitUntil(lambda: len(window.training.loss.names) == 1, timeout=WAIT)


def test_another_run_in_its_place_is_not_taken_for_it(
    qtbot: QtBot, window: MainWindow, run: Path, picture_folder: Path
) -> None:
    """Pictures are drawn with the new run's weights, though its path and step are the same."""
    from ddpm_studio.jobs import train
    from ddpm_studio.requests import PrepareOptions, TrainRequest

    def drawn() -> np.ndarray:
        panel = window.tool(SharePanel)
        panel.draw_now()
        qtbot.waitUntil(lambda: not panel.busy and panel.drawn is not None, timeout=WAIT)
        assert panel.drawn is not None
        return panel.drawn.pictures

    window.show_tool(window.tool(SharePanel))
    first = drawn()
    window.actions_["run.trash"].trigger()
    qtbot.waitUntil(lambda: window.studio.run is None, timeout=WAIT)
    request = TrainRequest(
        steps=4, batch_size=4, timesteps=20, sample_count=0, device="cpu", seed=9
    )
    for _ in train([picture_folder], run, request, PrepareOptions()):
        pass
    open_run(qtbot, window.studio, run)
    window.show_tool(window.tool(SharePanel))
    assert not np.array_equal(drawn(), first)
    window.actions_["run.undo"].trigger()
    qtbot.waitUntil(lambda: "Something else lies at" in window.messages.text, timeout=WAIT)


@pytest.mark.parametrize("action", ["run.rename", "run.trash"])
def test_a_run_that_is_trained_is_left_alone(
    qtbot: QtBot, window: MainWindow, run: Path, action: str
) -> None:
    lock = RunFolder.open(run).lock()
    window.actions_[action].trigger()
    if action == "run.rename":
        rename(qtbot, window, "second")
    qtbot.waitUntil(lambda: "first is being trained" in window.messages.text, timeout=WAIT)
    lock.release()
    assert run.is_dir()
    assert window.studio.run == run
    record = window.studio.record(run)
    with qtbot.waitSignal(record.changed, timeout=WAIT):
        (run / "samples" / "step-00000003.png").write_bytes(b"")


def test_a_rename_that_can_not_be_undone_yet_can_be_undone_later(
    qtbot: QtBot, window: MainWindow, run: Path
) -> None:
    new = run.parent / "second"
    window.actions_["run.rename"].trigger()
    rename(qtbot, window, "second")
    qtbot.waitUntil(lambda: window.studio.run == new, timeout=WAIT)
    lock = RunFolder.open(new).lock()
    window.actions_["run.undo"].trigger()
    qtbot.waitUntil(lambda: "second is being trained" in window.messages.text, timeout=WAIT)
    lock.release()
    assert window.actions_["run.undo"].isEnabled()
    window.actions_["run.undo"].trigger()
    qtbot.waitUntil(lambda: window.studio.run == run, timeout=WAIT)
    assert run.is_dir()
    assert not window.actions_["run.undo"].isEnabled()


def test_what_is_gone_for_good_does_not_stand_before_an_earlier_undo(
    qtbot: QtBot, window: MainWindow, run: Path, tiny_run: Path
) -> None:
    other = run.parent / "other"
    shutil.copytree(tiny_run, other)
    window.run_files.trash(other)
    qtbot.waitUntil(lambda: "other is in the trash" in window.messages.text, timeout=WAIT)
    window.actions_["run.rename"].trigger()
    rename(qtbot, window, "second")
    qtbot.waitUntil(lambda: window.studio.run == run.parent / "second", timeout=WAIT)
    shutil.rmtree(run.parent / "second")
    window.actions_["run.undo"].trigger()
    qtbot.waitUntil(lambda: "no run at" in window.messages.text, timeout=WAIT)
    window.actions_["run.undo"].trigger()
    qtbot.waitUntil(other.is_dir, timeout=WAIT)


def test_an_undo_that_fails_comes_after_all_others(
    qtbot: QtBot, window: MainWindow, run: Path, tiny_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undo, pins = window.actions_["edit.undo"], window.studio.pins
    pins.add(np.zeros((8, 8, 3), np.uint8))
    qtbot.waitUntil(lambda: bool(pins.items), timeout=WAIT)
    pins.remove(pins.items)
    other = run.parent / "other"
    shutil.copytree(tiny_run, other)
    window.run_files.trash(other)
    qtbot.waitUntil(lambda: "other is in the trash" in window.messages.text, timeout=WAIT)
    window.actions_["run.rename"].trigger()
    rename(qtbot, window, "second")
    qtbot.waitUntil(lambda: window.studio.run == run.parent / "second", timeout=WAIT)

    # Another run takes the former name, and is being trained.
    shutil.copytree(tiny_run, run)
    with monkeypatch.context() as patch:
        patch.setattr(window.studio.trainer, "is_reserved", lambda path: path == run)
        undo.trigger()
    qtbot.waitUntil(lambda: "There is a run 'first' already" in window.messages.text, timeout=WAIT)
    undo.trigger()
    qtbot.waitUntil(other.is_dir, timeout=WAIT)
    undo.trigger()
    assert pins.items
    shutil.rmtree(run)
    undo.trigger()
    qtbot.waitUntil(lambda: window.studio.run == run, timeout=WAIT)
    assert not undo.isEnabled()


def test_cards_of_the_start_page_have_the_keys_and_the_menu(
    qtbot: QtBot, window: MainWindow, run: Path, tiny_run: Path
) -> None:
    other = run.parent / "other"
    shutil.copytree(tiny_run, other)
    window.recent.add_run(other)
    window.actions_["file.start"].trigger()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT)
    shown = card(qtbot, window, "other")
    words = [action.text() for action in shown.actions()]
    assert words == ["Open", "Rename run…", "Move run to the trash"]
    shown.setFocus()
    QTest.keyClick(shown, Qt.Key.Key_F2)
    rename(qtbot, window, "another")
    qtbot.waitUntil(lambda: window.recent.runs()[0].name == "another", timeout=WAIT)
    assert window.studio.run == run, "the open one is not touched"
    shown = card(qtbot, window, "another")
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT)
    shown.setFocus()
    QTest.keyClick(shown, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: window.recent.lines()["runs"] == [str(run)], timeout=WAIT)
    assert window.studio.run == run
    assert window.start_page.isVisible()
    assert window.focusWidget() is card(qtbot, window, "first"), "the keyboard stays in its row"


def test_each_that_went_to_the_trash_comes_back(
    qtbot: QtBot, window: MainWindow, run: Path, tiny_run: Path
) -> None:
    others = [run.parent / name for name in ("one", "two")]
    for other in others:
        shutil.copytree(tiny_run, other)
        window.recent.add_run(other)
    window.actions_["file.start"].trigger()
    for action in card(qtbot, window, "one").actions():
        assert not action.autoRepeat(), "a key that is held must not take the next card's run"
    for other in others:
        window.run_files.trash(other)
        qtbot.waitUntil(lambda other=other: not other.exists(), timeout=WAIT)  # type: ignore[misc]
        qtbot.waitUntil(
            lambda other=other: f"{other.name} is in the trash" in window.messages.text,  # type: ignore[misc]
            timeout=WAIT,
        )
    for other in reversed(others):
        window.actions_["edit.undo"].trigger()
        qtbot.waitUntil(other.is_dir, timeout=WAIT)
    assert not window.actions_["run.undo"].isEnabled()


def test_the_start_page_stays_when_the_open_run_is_renamed_on_it(
    qtbot: QtBot, window: MainWindow, run: Path
) -> None:
    window.actions_["file.start"].trigger()
    window.run_files.rename(run)
    rename(qtbot, window, "second")
    qtbot.waitUntil(lambda: window.windowTitle().startswith("second"), timeout=WAIT)
    assert window.start_page.isVisible()
    card(qtbot, window, "second").click()
    qtbot.waitUntil(lambda: not window.start_page.isVisible(), timeout=WAIT)


def test_what_is_deleted_for_good_is_what_the_message_named(
    qtbot: QtBot,
    window: MainWindow,
    run: Path,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no_trash(tmp_path, monkeypatch)
    window.run_files.trash(run)
    qtbot.waitUntil(lambda: "no trash for first" in window.messages.text, timeout=WAIT)
    run.rename(run.parent / "elsewhere")
    shutil.copytree(tiny_run, run)
    window.messages.action_button.click()
    qtbot.waitUntil(lambda: "nothing was" in window.messages.text, timeout=WAIT)
    assert (run / "run.json").is_file()


def test_without_a_trash_it_asks_before_it_deletes_for_good(
    qtbot: QtBot, window: MainWindow, run: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window.actions_["run.rename"].trigger()
    rename(qtbot, window, "second")
    qtbot.waitUntil(lambda: window.windowTitle().startswith("second"), timeout=WAIT)
    run = run.parent / "second"
    no_trash(tmp_path, monkeypatch)
    window.actions_["run.trash"].trigger()
    qtbot.waitUntil(lambda: "no trash for second" in window.messages.text, timeout=WAIT)
    assert "4 steps (" in window.messages.text
    assert "MB)" in window.messages.text
    assert run.is_dir()
    assert window.studio.run == run
    window.messages.action_button.click()
    qtbot.waitUntil(lambda: window.studio.run is None, timeout=WAIT)
    assert not run.exists()
    assert window.recent.lines()["runs"] == []
    assert not window.actions_["run.undo"].isEnabled(), "nor has it another name to give back"
    assert window.messages.text == "second is deleted."
    assert window.messages.earlier == 0


def test_they_are_found_by_the_words_that_people_use(window: MainWindow) -> None:
    for words, action_id in (("delete run", "run.trash"), ("rename", "run.rename")):
        assert window.actions_.find(words)[0].objectName() == action_id
