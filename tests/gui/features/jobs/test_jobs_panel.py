from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, JobSpec, Lane, State, specs
from ddpm_studio.backend.spec import DeviceSteps
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.jobs import jobs_panel
from ddpm_studio.gui.features.jobs.jobs_panel import JobsPanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Event, Progress
from ddpm_studio.requests import PrepareOptions, TrainRequest


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> JobsPanel:
    monkeypatch.setattr(jobs_panel, "_STAYS_SECONDS", 0.5)
    made = JobsPanel(studio, ActionRegistry())
    qtbot.addWidget(made)
    made.resize(900, 120)
    made.show()
    return made


def endless(title: str, lane: Lane = Lane.BACKGROUND, slot: str | None = None) -> JobSpec[None]:
    def work(_: object) -> Generator[Event, None, None]:
        done = 0
        while True:
            done = min(done + 1, 50)
            yield Progress(done, 100, "Working")

    return JobSpec(title, DeviceSteps(work), lane, slot)


def test_it_says_that_nothing_runs_and_where_it_would(qtbot: QtBot, panel: JobsPanel) -> None:
    assert panel.empty.isVisible()
    assert panel.empty.text() == "Nothing is running."
    qtbot.waitUntil(lambda: panel.device.text().split()[-1] in ("float32", "bf16"), timeout=30_000)


def test_a_training_can_be_paused_continued_and_cancelled_in_its_row(
    qtbot: QtBot, panel: JobsPanel, backend: Backend, picture_folder: Path, tmp_path: Path
) -> None:
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


def test_what_is_over_leaves_after_a_while(
    qtbot: QtBot, panel: JobsPanel, backend: Backend
) -> None:
    job = backend.submit(endless("Counting"))
    qtbot.waitUntil(lambda: job.state is State.RUNNING, timeout=30_000)
    backend.cancel(job)
    qtbot.waitUntil(lambda: job.state is State.CANCELLED, timeout=10_000)
    assert job in panel.rows
    qtbot.waitUntil(lambda: not panel.rows, timeout=20_000)
    assert panel.empty.isVisible()


def test_what_is_over_leaves_also_while_others_begin_again_and_again(
    qtbot: QtBot, panel: JobsPanel, backend: Backend
) -> None:
    def work(_: object) -> Generator[Event, None, None]:
        yield Progress(1, 1, "Working")

    job = backend.submit(JobSpec("First", DeviceSteps(work), Lane.BACKGROUND))
    assert job in panel.rows
    again = QTimer()
    again.timeout.connect(
        lambda: backend.submit(JobSpec("Another", DeviceSteps(work), Lane.INTERACTIVE))
    )
    again.start(50)
    qtbot.waitUntil(lambda: job not in panel.rows, timeout=30_000)
    again.stop()


def test_a_replaced_request_leaves_no_row(qtbot: QtBot, panel: JobsPanel, backend: Backend) -> None:
    first = backend.submit(endless("First", Lane.INTERACTIVE, "look"))
    qtbot.waitUntil(lambda: first in panel.rows, timeout=10_000)
    second = backend.submit(endless("Second", Lane.INTERACTIVE, "look"))
    assert first not in panel.rows
    qtbot.waitUntil(lambda: second in panel.rows, timeout=10_000)
    assert not panel.rows[second].pause_button.isVisible()
    backend.cancel(second)
    assert not panel.rows


def test_a_failure_stays_until_dismissed_and_can_be_copied(
    qtbot: QtBot, panel: JobsPanel, backend: Backend
) -> None:
    def work(_: object) -> Generator[Event, None, None]:
        yield Progress(1, 2, "Working")
        raise StudioError("The disk is full.", "Make room.", "errno 28")

    job = backend.submit(JobSpec("Saving", DeviceSteps(work)))
    qtbot.waitUntil(lambda: job in panel.rows, timeout=30_000)
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
    qtbot: QtBot, panel: JobsPanel, backend: Backend
) -> None:
    def work(_: object) -> Generator[Event, None, None]:
        yield Progress(1, 2, "Working")
        raise StudioError("The disk is full.")

    broken = backend.submit(JobSpec("Saving", DeviceSteps(work)))
    qtbot.waitUntil(lambda: broken.state is State.FAILED, timeout=30_000)
    running = backend.submit(endless("Training"))
    qtbot.waitUntil(
        lambda: (
            panel.rows[running].y() < panel.rows[broken].y() if running in panel.rows else False
        ),
        timeout=30_000,
    )
    backend.cancel(running)


def test_what_is_done_goes_below_what_runs(
    qtbot: QtBot, panel: JobsPanel, backend: Backend
) -> None:
    def work(_: object) -> Generator[Event, None, None]:
        yield Progress(1, 2, "Working")

    running = backend.submit(endless("Training"))
    qtbot.waitUntil(lambda: running in panel.rows, timeout=30_000)
    backend.pause(running, True)
    done = backend.submit(JobSpec("Saving", DeviceSteps(work), Lane.BACKGROUND))
    qtbot.waitUntil(lambda: done.state is State.DONE, timeout=30_000)
    rows = panel.rows
    qtbot.waitUntil(lambda: rows[running].y() < rows[done].y(), timeout=30_000)
    backend.cancel(running)


def test_of_many_failures_the_newest_stay(qtbot: QtBot, panel: JobsPanel, backend: Backend) -> None:
    def work(_: object) -> Generator[Event, None, None]:
        yield Progress(1, 2, "Working")
        raise StudioError("The disk is full.")

    jobs = [backend.submit(JobSpec(str(k), DeviceSteps(work))) for k in range(53)]
    qtbot.waitUntil(lambda: all(job.state is State.FAILED for job in jobs), timeout=30_000)
    assert list(panel.rows) == jobs[3:]


def test_all_can_be_cancelled_at_once(qtbot: QtBot, studio: Studio) -> None:
    actions = ActionRegistry()
    panel = JobsPanel(studio, actions)
    qtbot.addWidget(panel)
    jobs = [studio.backend.submit(endless(str(k))) for k in range(3)]
    actions["jobs.cancel_all"].trigger()
    qtbot.waitUntil(lambda: all(job.state is State.CANCELLED for job in jobs), timeout=30_000)
