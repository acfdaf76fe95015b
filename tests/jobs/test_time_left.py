from __future__ import annotations

import pytest

from ddpm_studio.jobs.events import Progress
from ddpm_studio.jobs.time_left import TimeLeft


class Told:
    """Callable that reports progress with a simulated clock; returns the time left."""

    def __init__(self) -> None:
        self.now = 100.0
        self.left = TimeLeft(lambda: self.now)

    def __call__(self, seconds: float, done: int, total: int, text: str = "x") -> float | None:
        self.now += seconds
        return self.left.update(Progress(done, total, text))


def test_it_follows_the_pace_of_its_phase() -> None:
    told = Told()
    assert told(0, 30, 60) is None, "a resumed run has done 30 already"
    assert told(5, 31, 60) is None, "the first step prepares"
    assert told(10, 41, 60) == pytest.approx(19)
    assert told(2, 60, 60) == 0
    assert told(0, 0, 10, "Sampling") is None
    assert told(3, 1, 10, "Sampling") is None
    assert told(1, 2, 10, "Sampling") == pytest.approx(8)


def test_a_first_step_that_takes_a_minute_is_no_measure_of_the_others() -> None:
    told = Told()
    told(0, 0, 1000)
    assert told(60, 1, 1000) is None
    assert told(1, 101, 1000) == pytest.approx(8.99)


def test_one_slow_step_moves_it_a_little() -> None:
    told = Told()
    for done in range(11):
        told(1, done, 1000)
    left = told(20, 11, 1000)
    assert left is not None
    assert 989 < left < 1300


def test_what_was_no_work_is_left_out() -> None:
    told = Told()
    for done in range(11):
        told(1, done, 100)
    told.left.pause()
    assert told(3600, 11, 100) == pytest.approx(89)
    assert told(1, 12, 100) == pytest.approx(88)


def test_work_that_begins_anew_is_measured_anew() -> None:
    told = Told()
    for done in range(11):
        told(1, done, 100)
    assert told(1, 0, 100) is None
    assert told(1, 10, 100) is None
    assert told(1, 20, 100) == pytest.approx(8)
