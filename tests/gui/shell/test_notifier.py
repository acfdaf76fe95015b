"""A notification when a long job ends out of sight, and only then."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, JobHandle, JobSpec
from ddpm_studio.backend.spec import DeviceSteps
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.shell import notifier as notifying
from ddpm_studio.gui.shell.notifier import DesktopNotices, Notifier
from ddpm_studio.gui.workspace.settings import Preferences, open_settings
from ddpm_studio.jobs.events import Event, Progress
from tests.gui.panel_help import WAIT


class _Clock:
    """Stands for the time: each job takes a minute and a half."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 90
        return self.now


@pytest.fixture
def told(
    qtbot: QtBot, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[tuple[str, str]]]:
    monkeypatch.setattr(notifying, "time", _Clock())
    window = QWidget()
    qtbot.addWidget(window)
    heard: list[tuple[str, str]] = []
    preferences = Preferences(open_settings(), window)
    Notifier(backend, preferences, window, lambda title, text: heard.append((title, text)))
    window.setProperty("preferences", preferences)
    yield heard
    window.close()


def work(fails: bool = False) -> DeviceSteps[int]:
    def steps(_: object) -> Generator[Event, None, int]:
        yield Progress(1, 2, "Working")
        if fails:
            raise StudioError("The disk is full.", "Make room.")
        return 1

    return DeviceSteps(steps)


def done(qtbot: QtBot, backend: Backend, spec: JobSpec[int]) -> JobHandle[int]:
    job = backend.submit(spec)
    with qtbot.waitSignal(job.ended, timeout=WAIT):
        pass
    return job


def test_a_long_job_is_told_with_what_came_of_it(
    qtbot: QtBot, backend: Backend, told: list[tuple[str, str]]
) -> None:
    done(qtbot, backend, JobSpec("Training cats", work()))
    done(qtbot, backend, JobSpec("Training dogs", work(fails=True)))
    assert told[0] == ("Training cats", "Done after 2 min.")
    assert told[1] == ("Training dogs", "The disk is full. Make room.")


def test_what_nobody_asked_for_or_what_is_cancelled_is_not_told(
    qtbot: QtBot, backend: Backend, told: list[tuple[str, str]]
) -> None:
    done(qtbot, backend, JobSpec("Preview", work(), listed=False))
    job = backend.submit(JobSpec("Sampling", work(), slot="s"))
    backend.cancel(job)
    assert told == []


@pytest.mark.parametrize(("key", "value"), [("notify", False), ("notify_after", 3600)])
def test_it_can_be_switched_off_and_short_jobs_end_quietly(
    qtbot: QtBot, backend: Backend, told: list[tuple[str, str]], key: str, value: object
) -> None:
    Preferences(open_settings()).set(key, value)
    window = QWidget()
    qtbot.addWidget(window)
    heard: list[str] = []
    Notifier(backend, Preferences(open_settings()), window, lambda title, _: heard.append(title))
    done(qtbot, backend, JobSpec("Training cats", work()))
    assert heard == []
    assert len(told) == 1


def test_where_the_desktop_has_no_way_nothing_happens(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    window = QWidget()
    qtbot.addWidget(window)
    DesktopNotices(window).send("Training cats", "Done.")
