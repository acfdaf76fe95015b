from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QEnterEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, JobSpec, Lane, State, specs
from ddpm_studio.backend.spec import DeviceSteps
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.jobs import jobs_panel
from ddpm_studio.gui.features.jobs.jobs_panel import JobsPanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import BINS, Event, TrainTick
from ddpm_studio.requests import PrepareOptions, TrainRequest
from tests.gui.fake_backend import FakeBackend

FULL = StudioError("The disk is full.", "Make room.", "errno 28")


def shown(qtbot: QtBot, backend: Backend) -> JobsPanel:
    made = JobsPanel(Studio(backend), ActionRegistry())
    qtbot.addWidget(made)
    made.resize(900, 120)
    # Move the pointer away from the panel.
    QCursor.setPos(2000, 2000)
    made.show()
    return made


@pytest.fixture
def fake(qtbot: QtBot) -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def panel(qtbot: QtBot, fake: FakeBackend, monkeypatch: pytest.MonkeyPatch) -> JobsPanel:
    monkeypatch.setattr(jobs_panel, "_FADE_AFTER_SECONDS", 0.5)
    return shown(qtbot, fake)


def work(_: object) -> Generator[Event, None, None]:
    raise AssertionError("nothing is done by a fake backend")


def asked(title: str, lane: Lane = Lane.BACKGROUND, slot: str | None = None) -> JobSpec[None]:
    return JobSpec(title, DeviceSteps(work), lane, slot)


def test_it_says_that_nothing_runs_and_where_it_would(panel: JobsPanel, fake: FakeBackend) -> None:
    assert panel.empty.isVisible()
    assert panel.empty.text() == "Nothing is running."
    fake.start("CPU bf16")
    assert panel.device.text() == "CPU bf16"


def test_it_says_where_torch_can_not_be_loaded(panel: JobsPanel, fake: FakeBackend) -> None:
    fake.fails_to_load(ImportError("DLL load failed"))
    assert panel.device.text() == "PyTorch can't be loaded"


def test_the_device_is_named_once_torch_is_there(qtbot: QtBot, backend: Backend) -> None:
    panel = shown(qtbot, backend)
    qtbot.waitUntil(lambda: panel.device.text().split()[-1] in ("float32", "bf16"), timeout=30_000)


def test_a_training_can_be_paused_continued_and_cancelled_in_its_row(
    qtbot: QtBot, backend: Backend, picture_folder: Path, tmp_path: Path
) -> None:
    panel = shown(qtbot, backend)
    request = TrainRequest(steps=10_000, batch_size=2, timesteps=20, sample_count=0, device="cpu")
    job = backend.submit(
        specs.training.train([picture_folder], tmp_path / "run", request, PrepareOptions())
    )
    row = panel.rows[job]
    assert not panel.empty.isVisible()
    qtbot.waitUntil(lambda: row.bar.maximum() == 10_000 and row.bar.value() > 0, timeout=60_000)
    row.pause_button.click()
    qtbot.waitUntil(lambda: job.state is State.PAUSED, timeout=20_000)
    assert row.text.text() == "Paused"
    row.pause_button.click()
    qtbot.waitUntil(lambda: job.state is State.RUNNING, timeout=20_000)
    row.cancel_button.click()
    qtbot.waitUntil(lambda: job.state is State.CANCELLED, timeout=20_000)
    assert list((tmp_path / "run" / "checkpoints").iterdir())


def test_a_training_that_was_stopped_is_not_called_cancelled(
    panel: JobsPanel, fake: FakeBackend
) -> None:
    """What it has learnt is saved, so its row says "Stopped"."""
    training, other = fake.submit(asked("Training")), fake.submit(asked("Sampling"))
    fake.send(training, TrainTick(3, 100, 40.0, 9.0, 0, (0.0,) * BINS))
    for job in (training, other):
        fake.progress(job, 3, 100)
        fake.cancel(job)
        fake.cancelled(job)
    assert panel.rows[training].text.text() == "Stopped"
    assert panel.rows[other].text.text() == "Cancelled"


def test_what_is_over_leaves_after_a_while(
    qtbot: QtBot, panel: JobsPanel, fake: FakeBackend
) -> None:
    job = fake.submit(asked("Counting"))
    fake.progress(job, 1, 100)
    panel.rows[job].cancel_button.click()
    assert job.state is State.RUNNING, "it may have something to save first"
    fake.cancelled(job)
    assert job in panel.rows
    qtbot.waitUntil(lambda: not panel.rows, timeout=20_000)
    assert panel.empty.isVisible()


def test_what_is_over_leaves_also_while_others_begin_again_and_again(
    qtbot: QtBot, panel: JobsPanel, fake: FakeBackend
) -> None:
    job = fake.submit(asked("First"))
    fake.finish(job, None)
    assert job in panel.rows

    def gone() -> bool:
        other = fake.submit(asked("Another", Lane.INTERACTIVE))
        fake.progress(other, 1, 1)
        fake.finish(other, None)
        return job not in panel.rows

    qtbot.waitUntil(gone, timeout=30_000)


def test_a_replaced_request_leaves_no_row(
    qtbot: QtBot, panel: JobsPanel, fake: FakeBackend
) -> None:
    first = fake.submit(asked("First", Lane.INTERACTIVE, "look"))
    qtbot.waitUntil(lambda: first in panel.rows, timeout=10_000)
    second = fake.submit(asked("Second", Lane.INTERACTIVE, "look"))
    assert first not in panel.rows
    assert fake.asked_to_cancel(first)
    qtbot.waitUntil(lambda: second in panel.rows, timeout=10_000)
    assert not panel.rows[second].pause_button.isVisible()
    fake.cancel(second)
    assert not panel.rows


def test_a_failure_stays_until_dismissed_and_can_be_copied(
    qtbot: QtBot, panel: JobsPanel, fake: FakeBackend
) -> None:
    job = fake.submit(asked("Saving", Lane.INTERACTIVE))
    fake.progress(job, 1, 2)
    fake.fail(job, FULL)
    row = panel.rows[job]
    assert row.failed.text() == "The disk is full."
    assert row.toolTip() == "The disk is full. Make room."
    assert not row.text.isVisible()
    row.copy_button.click()
    copied = QGuiApplication.clipboard().text()
    assert "Saving" in copied
    assert "The disk is full." in copied
    assert "errno 28" in copied
    qtbot.wait(600)
    assert job in panel.rows
    row.cancel_button.click()
    assert not panel.rows


def test_what_runs_stands_above_what_has_failed(
    qtbot: QtBot, panel: JobsPanel, fake: FakeBackend
) -> None:
    broken = fake.submit(asked("Saving", Lane.INTERACTIVE))
    fake.fail(broken, FULL)
    running = fake.submit(asked("Training"))
    fake.progress(running, 1, 2)
    qtbot.waitUntil(lambda: panel.rows[running].y() < panel.rows[broken].y(), timeout=30_000)


def test_what_is_done_goes_below_what_runs(
    qtbot: QtBot, panel: JobsPanel, fake: FakeBackend
) -> None:
    running = fake.submit(asked("Training"))
    fake.progress(running, 1, 2)
    done = fake.submit(asked("Saving"))
    fake.progress(done, 1, 2)
    rows = panel.rows
    qtbot.waitUntil(lambda: rows[done].y() < rows[running].y(), timeout=30_000)
    fake.finish(done, None)
    qtbot.waitUntil(lambda: rows[running].y() < rows[done].y(), timeout=30_000)


def test_of_many_failures_the_newest_stay(panel: JobsPanel, fake: FakeBackend) -> None:
    jobs = [fake.submit(asked(str(k), Lane.INTERACTIVE)) for k in range(53)]
    for job in jobs:
        fake.fail(job, FULL)
    assert list(panel.rows) == jobs[3:]


def test_all_can_be_cancelled_at_once(qtbot: QtBot, fake: FakeBackend) -> None:
    actions = ActionRegistry()
    panel = JobsPanel(Studio(fake), actions)
    qtbot.addWidget(panel)
    jobs = [fake.submit(asked(str(k))) for k in range(3)]
    emptied: list[object] = []
    panel._trainer.queue_changed.connect(lambda: emptied.append(list(panel._trainer.queue)))
    actions["jobs.cancel_all"].trigger()
    for job in jobs:
        fake.cancelled(job)
    assert all(job.state is State.CANCELLED for job in jobs)
    assert emptied == [[]], "or the next training would begin"


def test_what_is_not_listed_is_not_cancelled_with_the_rest(
    qtbot: QtBot, fake: FakeBackend, tmp_path: Path
) -> None:
    panel = JobsPanel(Studio(fake), ActionRegistry())
    qtbot.addWidget(panel)
    shown = fake.submit(asked("shown"))
    renaming = fake.submit(specs.run_files.rename_run(tmp_path / "run", "new"))
    panel.cancel_all()
    assert fake.asked_to_cancel(shown)
    assert not fake.asked_to_cancel(renaming), "whoever asked for it waits for its end"


def point_at(panel: JobsPanel) -> None:
    """Send the event of the mouse entering the panel."""
    middle = QPointF(panel.rect().center())
    QApplication.sendEvent(panel, QEnterEvent(middle, middle, middle))


def turn_away(panel: JobsPanel) -> None:
    QApplication.sendEvent(panel, QEvent(QEvent.Type.Leave))


def test_no_row_moves_under_the_mouse(qtbot: QtBot, panel: JobsPanel, fake: FakeBackend) -> None:
    """A second click at the same place must not cancel a job whose row has moved there."""
    training = fake.submit(asked("Training"))
    fake.progress(training, 1, 2)
    saving = fake.submit(asked("Saving"))
    fake.progress(saving, 1, 2)
    broken = fake.submit(asked("Exporting"))
    fake.progress(broken, 1, 2)
    fake.fail(broken, FULL)
    rows = panel.rows
    qtbot.waitUntil(lambda: rows[saving].y() < rows[training].y() < rows[broken].y())
    places = {job: rows[job].y() for job in (training, saving, broken)}
    spot = rows[saving].cancel_button.mapTo(panel, QPoint(8, 8))

    def click() -> None:
        under = panel.childAt(spot)
        if under is not None:
            QTest.mouseClick(under, Qt.MouseButton.LeftButton)

    point_at(panel)
    click()
    assert fake.asked_to_cancel(saving)
    fake.cancelled(saving)
    click()
    assert saving not in panel.rows, "the second click sent it away"
    newest = fake.submit(asked("Measuring"))
    fake.progress(newest, 1, 2)
    qtbot.wait(50)
    click()
    click()
    assert not fake.asked_to_cancel(training)
    assert not fake.asked_to_cancel(broken)
    assert rows[training].y() == places[training]
    assert rows[broken].y() == places[broken]
    assert rows[newest].y() > rows[broken].y()
    turn_away(panel)
    qtbot.waitUntil(lambda: rows[training].y() == places[saving])
    qtbot.waitUntil(lambda: rows[training].y() < rows[newest].y() < rows[broken].y())


def test_the_words_for_nothing_do_not_push_what_is_pointed_at(
    qtbot: QtBot, panel: JobsPanel, fake: FakeBackend
) -> None:
    job = fake.submit(asked("Saving"))
    fake.progress(job, 1, 2)
    point_at(panel)
    fake.finish(job, None)
    panel.rows[job].cancel_button.click()
    assert not panel.empty.isVisible()
    turn_away(panel)
    assert panel.empty.isVisible()
