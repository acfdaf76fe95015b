"""Crash recovery: the window offers to resume interrupted trainings."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunFolder, journal
from ddpm_studio.runs.journal import JournalEntry
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import WAIT, opened
from tests.gui.summaries import view_of


@pytest.fixture
def fallen(tiny_run: Path, tmp_path: Path) -> Path:
    """A run whose training of six steps was cut short after four."""
    run = tmp_path / "fallen"
    shutil.copytree(tiny_run, run)
    journal.begin(run, 6)
    return run


def offering(qtbot: QtBot, backend: Backend) -> MainWindow:
    """Open a window, and wait until it offers to go on."""
    window = opened(qtbot, backend)
    qtbot.waitUntil(window.messages.action_button.isVisible, timeout=WAIT)
    return window


def test_it_offers_and_goes_on(qtbot: QtBot, backend: Backend, fallen: Path) -> None:
    window = offering(qtbot, backend)
    window.messages.action_button.click()
    qtbot.waitUntil(lambda: window.studio.training is not None, timeout=20_000)
    qtbot.waitUntil(lambda: window.studio.training is None, timeout=60_000)
    assert RunFolder.open(fallen).newest().step == 6
    assert journal.interrupted() == []


def test_sent_away_it_is_not_offered_again(qtbot: QtBot, backend: Backend, fallen: Path) -> None:
    window = offering(qtbot, backend)
    window.messages.close_button.click()
    qtbot.waitUntil(lambda: journal.interrupted() == [], timeout=20_000)
    assert RunFolder.open(fallen).newest().step == 4


def test_of_several_the_next_is_offered_when_one_is_sent_away(
    qtbot: QtBot, fake: FakeBackend, tmp_path: Path
) -> None:
    window = opened(qtbot, fake)
    found = [JournalEntry(tmp_path / name, 6) for name in ("newest", "older")]
    for left in (found, found[1:], []):
        fake.finish(fake.job("Looking for interrupted runs"), left)
        for entry in left[:1]:
            assert f"The training of {entry.run.name} is not finished" in window.messages.text
            window.messages.dismiss()
            fake.finish(fake.job(f"Leaving {entry.run.name}"), None)
    assert "is not finished" not in window.messages.text


def test_one_that_can_not_be_removed_from_the_journal_is_not_offered_again(
    qtbot: QtBot, fake: FakeBackend, tmp_path: Path
) -> None:
    window = opened(qtbot, fake)
    for name in ("stays", "next"):
        found = [JournalEntry(tmp_path / one, 6) for one in ("stays", "next")]
        fake.finish(fake.job("Looking for interrupted runs"), found)
        assert f"The training of {name} is not finished" in window.messages.text
        window.messages.dismiss()
        fake.finish(fake.job(f"Leaving {name}"), None)


def test_it_goes_on_with_the_device_that_is_chosen(
    qtbot: QtBot, fake: FakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run may come from another machine, whose devices are not here."""
    window = opened(qtbot, fake)
    window.training.form.set_value({"device": "cpu"})
    asked: list[TrainRequest] = []
    monkeypatch.setattr(window.studio.trainer, "resume", lambda run, request: asked.append(request))
    left = JournalEntry(tmp_path / "run", 60)
    fake.finish(fake.job("Looking for interrupted runs"), [left])
    window.messages.action_button.click()
    begun = TrainRequest(device="cuda", devices="all", steps=40, batch_size=3)
    fake.finish(fake.job("Opening run"), replace(view_of(left.run), request=begun))
    (request,) = asked
    assert (request.device, request.devices) == ("cpu", None)
    assert (request.steps, request.batch_size) == (60, 3)


def test_without_a_crash_nothing_is_offered(qtbot: QtBot, backend: Backend, tiny_run: Path) -> None:
    window = opened(qtbot, backend)
    qtbot.waitUntil(lambda: backend.device is not None, timeout=20_000)
    qtbot.wait(300)
    assert not window.messages.isVisible()


def train(qtbot: QtBot, window: MainWindow, pictures: Path, run: Path) -> None:
    """Start a training too long to end by itself, and wait until its model has some steps."""
    studio = window.studio
    studio.open_paths([pictures])
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    request = TrainRequest(steps=9_000, batch_size=2, timesteps=20, sample_count=0, device="cpu")
    studio.trainer.start(request, run)
    qtbot.waitUntil(lambda: bool(studio.model_step), timeout=WAIT)


def test_one_click_too_many_does_not_end_a_training(
    qtbot: QtBot, backend: Backend, picture_folder: Path, tmp_path: Path
) -> None:
    window = opened(qtbot, backend)
    train(qtbot, window, picture_folder, tmp_path / "run")
    studio = window.studio
    assert studio.training is not None
    window.jobs.rows[studio.training].cancel_button.click()
    qtbot.waitUntil(lambda: studio.training is None, timeout=WAIT)
    step = RunFolder.open(tmp_path / "run").newest().step
    assert "The training of run was stopped before its 9,000 steps" in window.messages.text
    assert window.messages.level == "info", "by a person: it goes by itself"
    window.messages.action_button.click()
    qtbot.waitUntil(lambda: studio.training is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: (studio.model_step or 0) > step, timeout=WAIT)
    assert window.messages.text == "", "what was offered is done"
    studio.trainer.stop()
    qtbot.waitUntil(lambda: studio.training is None, timeout=WAIT)
    assert RunFolder.open(tmp_path / "run").newest().step > step


def test_closed_in_mid_training_the_next_start_offers_to_go_on(
    qtbot: QtBot, backend: Backend, picture_folder: Path, tmp_path: Path
) -> None:
    window = opened(qtbot, backend)
    train(qtbot, window, picture_folder, tmp_path / "run")
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    step = RunFolder.open(tmp_path / "run").newest().step
    assert [(entry.run.name, entry.steps) for entry in journal.interrupted()] == [("run", 9_000)]
    later = offering(qtbot, backend)
    assert "The training of run is not finished" in later.messages.text
    later.messages.action_button.click()
    qtbot.waitUntil(lambda: (later.studio.model_step or 0) > step, timeout=WAIT)
    later.studio.trainer.stop()
    qtbot.waitUntil(lambda: later.studio.training is None, timeout=WAIT)
    assert journal.interrupted() == [], "stopped by hand, it is not offered at the next start"
