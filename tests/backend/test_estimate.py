from __future__ import annotations

from types import SimpleNamespace

import pytest

from ddpm_studio.backend import estimate
from ddpm_studio.backend.estimate import Estimate


class Clock:
    """Seconds that a test moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(estimate, "time", SimpleNamespace(monotonic=lambda: self.now))


def test_nothing_is_told_before_two_seconds_were_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, job = Clock(monkeypatch), Estimate()
    told = []
    for done in range(6):
        told.append(job.update(done, 100))
        clock.now += 0.5
    assert told == [None, None, None, None, pytest.approx(48.0), pytest.approx(47.5)]


def test_another_phase_is_measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, job = Clock(monkeypatch), Estimate()
    for done in range(6):
        job.update(done, 100)
        clock.now += 1.0
    assert job.update(0, 10) is None
    clock.now += 1.0
    assert job.update(1, 10) is None
    clock.now += 1.0
    assert job.update(2, 10) == pytest.approx(8.0)


def test_a_pause_is_no_time_that_was_worked(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, job = Clock(monkeypatch), Estimate()
    for done in range(5):
        job.update(done, 100)
        clock.now += 1.0
    job.pause()
    clock.now += 3600.0
    job.update(5, 100)
    clock.now += 1.0
    assert job.update(6, 100) == pytest.approx(94.0)
