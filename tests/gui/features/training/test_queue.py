"""Training queue: trainings that wait until the running one has ended."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.start.rename_dialog import RenameDialog
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.runs import RunFolder
from tests import narrow
from tests.gui.panel_help import WAIT, open_run, opened

LONG, SHORT = 9_000, 3


@pytest.fixture
def window(
    qtbot: QtBot,
    backend: Backend,
    picture_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> MainWindow:
    # A trash of the test's own.
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    window = opened(qtbot, backend)
    window.studio.open_paths([picture_folder])
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    common = {"batch_size": 2, "timesteps": 20, "sample_count": 0, "device": "cpu"}
    window.training.form.set_value({**common, "steps": LONG, "epochs": None, "minutes": None})
    return window


def begin(qtbot: QtBot, window: MainWindow) -> Path:
    window.actions_["training.start"].trigger()
    qtbot.waitUntil(lambda: bool(window.studio.trainer.step), timeout=WAIT)
    run = window.studio.training_run
    assert run is not None
    return run


def enqueue(window: MainWindow, steps: int) -> Path:
    window.training.form.set_value({"steps": steps})
    window.actions_["training.queue"].trigger()
    return window.studio.trainer.queue[-1].run


def test_queued_trainings_run_one_after_the_other(qtbot: QtBot, window: MainWindow) -> None:
    training = window.training
    assert not window.actions_["training.queue"].isEnabled()
    with narrow.network():
        first = begin(qtbot, window)
        second, third = enqueue(window, SHORT), enqueue(window, SHORT + 1)
        assert len({first, second, third}) == 3, "each has a name of its own"
        assert len(training.queue.rows) == 2
        qtbot.waitUntil(lambda: all(row.isVisible() for row in training.queue.rows), timeout=WAIT)
        assert not second.exists()
        window.studio.trainer.stop()
        qtbot.waitUntil(lambda: window.studio.training is None and third.is_dir(), timeout=WAIT)
    assert RunFolder.open(first).newest().step < LONG
    assert RunFolder.open(second).newest().step == SHORT
    assert RunFolder.open(third).newest().step == SHORT + 1
    assert not training.queue.isVisibleTo(training)
    # A window that showed the first run goes on to the next ones.
    qtbot.waitUntil(lambda: window.studio.run == third, timeout=WAIT)


def test_a_queued_training_is_taken_out_by_its_button(qtbot: QtBot, window: MainWindow) -> None:
    with narrow.network():
        begin(qtbot, window)
        second, third = enqueue(window, SHORT), enqueue(window, SHORT)
        away = window.training.queue.rows[0].findChild(QToolButton)
        assert away is not None
        assert second.name in away.toolTip()
        qtbot.mouseClick(away, Qt.MouseButton.LeftButton)
        assert [queued.run for queued in window.studio.trainer.queue] == [third]
        # Its name is free again.
        window.training.run_choice.mark_taken()
        assert window.training.run_choice.path() == second
        window.studio.trainer.dequeue()
        window.studio.trainer.stop()
        qtbot.waitUntil(lambda: window.studio.training is None, timeout=WAIT)
    assert not third.exists()


def test_the_name_of_a_queued_training_is_kept_for_it(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    with narrow.network():
        first = begin(qtbot, window)
        trashed, other = first.with_name("trashed"), first.with_name("other")
        for run in (trashed, other):
            shutil.copytree(tiny_run, run)
        window.run_files.trash(trashed)
        qtbot.waitUntil(lambda: "trashed is in the trash" in window.messages.text, timeout=WAIT)
        window.training.run_choice.name_edit.setText("trashed")
        assert enqueue(window, SHORT) == trashed

        window.run_files.rename(other)
        dialog = window.findChild(RenameDialog)
        assert dialog is not None
        assert dialog.problem.text() == ""
        dialog.edit.setText("trashed")
        assert "a training that has yet to begin" in dialog.problem.text()
        assert not dialog.rename_button.isEnabled()
        dialog.chosen.emit("trashed")
        assert "a training that has yet to begin" in window.messages.text
        window.messages.clear()
        window.actions_["run.undo"].trigger()
        assert "a training that has yet to begin" in window.messages.text
        assert not trashed.exists()

        window.studio.trainer.dequeue()
        window.actions_["run.undo"].trigger()
        qtbot.waitUntil(trashed.is_dir, timeout=WAIT)
        window.studio.trainer.stop()
        qtbot.waitUntil(lambda: window.studio.training is None, timeout=WAIT)
    assert other.is_dir()


def test_cancelling_all_begins_nothing(qtbot: QtBot, window: MainWindow) -> None:
    with narrow.network():
        begin(qtbot, window)
        second = enqueue(window, SHORT)
        window.actions_["jobs.cancel_all"].trigger()
        qtbot.waitUntil(lambda: window.studio.training is None, timeout=WAIT)
    assert not window.studio.trainer.queue
    assert not second.exists()


def test_a_name_for_the_next_training_outlasts_the_start_of_another(
    qtbot: QtBot, window: MainWindow
) -> None:
    with narrow.network():
        begin(qtbot, window)
        second = enqueue(window, SHORT)
        edit = window.training.run_choice.name_edit
        edit.clear()
        qtbot.keyClicks(edit, "fishes, longer")
        window.studio.trainer.stop()
        qtbot.waitUntil(lambda: window.studio.training is None and second.is_dir(), timeout=WAIT)
    assert edit.text() == "fishes, longer"


def test_a_model_that_is_looked_at_stays_when_the_next_training_begins(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    with narrow.network():
        begin(qtbot, window)
        second = enqueue(window, SHORT)
        open_run(qtbot, window.studio, tiny_run)
        window.studio.trainer.stop()
        qtbot.waitUntil(lambda: window.studio.training is None and second.is_dir(), timeout=WAIT)
    assert window.studio.run == tiny_run


def test_closing_tells_that_the_queue_is_forgotten(qtbot: QtBot, window: MainWindow) -> None:
    with narrow.network():
        begin(qtbot, window)
        second = enqueue(window, SHORT)
        window.close()
        assert window.isVisible()
        assert "queue" in window.messages.text
        window.messages.action_button.click()
        qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert not second.exists()
