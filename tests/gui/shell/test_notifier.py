"""Desktop notifications: sent when a long job ends out of sight, and only then."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import JobHandle, JobSpec
from ddpm_studio.backend.spec import PoolSteps
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.shell import notifier as notifying
from ddpm_studio.gui.shell.notifier import DesktopNotifications, Notifier
from ddpm_studio.gui.workspace.settings import Preferences, open_settings
from ddpm_studio.jobs.events import Event
from tests.gui.fake_backend import FakeBackend


class _Clock:
    """Fake of the module ``time``: each job takes a minute and a half."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 90
        return self.now


@pytest.fixture
def backend(qtbot: QtBot) -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def told(
    qtbot: QtBot, backend: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[str, str]]:
    monkeypatch.setattr(notifying, "time", _Clock())
    window = QWidget()
    qtbot.addWidget(window)
    heard: list[tuple[str, str]] = []
    preferences = Preferences(open_settings(), window)
    Notifier(backend, preferences, window, lambda title, text: heard.append((title, text)))
    window.setProperty("preferences", preferences)
    return heard


def work() -> Generator[Event, None, None]:
    raise AssertionError("nothing is done by a fake backend")


def asked(
    backend: FakeBackend, title: str, slot: str | None = None, listed: bool = True
) -> JobHandle[None]:
    job = backend.submit(JobSpec(title, PoolSteps(work), slot=slot, listed=listed))
    backend.progress(job, 1, 2)
    return job


def test_a_long_job_is_told_with_what_came_of_it(
    backend: FakeBackend, told: list[tuple[str, str]]
) -> None:
    backend.finish(asked(backend, "Training cats"), None)
    backend.fail(asked(backend, "Training dogs"), StudioError("The disk is full.", "Make room."))
    assert told[0] == ("Training cats", "Done after 2 min.")
    assert told[1] == ("Training dogs", "The disk is full. Make room.")


def test_what_nobody_asked_for_or_what_is_cancelled_is_not_told(
    backend: FakeBackend, told: list[tuple[str, str]]
) -> None:
    backend.finish(asked(backend, "Preview", listed=False), None)
    backend.cancel(asked(backend, "Sampling", slot="s"))
    assert told == []


@pytest.mark.parametrize(("key", "value"), [("notify", False), ("notify_after", 3600)])
def test_it_can_be_switched_off_and_short_jobs_end_quietly(
    qtbot: QtBot, backend: FakeBackend, told: list[tuple[str, str]], key: str, value: object
) -> None:
    Preferences(open_settings()).set(key, value)
    window = QWidget()
    qtbot.addWidget(window)
    heard: list[str] = []
    Notifier(backend, Preferences(open_settings()), window, lambda title, _: heard.append(title))
    backend.finish(asked(backend, "Training cats"), None)
    assert heard == []
    assert len(told) == 1


def test_where_the_desktop_has_no_way_nothing_happens(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    window = QWidget()
    qtbot.addWidget(window)
    DesktopNotifications(window).send("Training cats", "Done.")
