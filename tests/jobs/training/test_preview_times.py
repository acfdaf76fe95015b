"""Schedule of previews: they wait for recognisable shapes, and take a limited share of the time."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import pytest

from ddpm_studio.jobs.training.preview_times import PreviewSchedule, pictures_until_previews


@dataclass
class Training:
    """Simulated training: ``pace`` pictures per second, ``takes`` seconds for a preview."""

    pace: float
    takes: float
    pictures_until_recognisable: int = 0
    evaluations: int = 0

    def run(self, seconds: float, step: float = 0.1) -> list[float]:
        """Return the times at which previews began, in seconds.

        ``seen`` is then the number of pictures seen, ``drawing`` the seconds spent on previews.
        """
        self.now = self.seen = self.drawing = 0.0
        times = PreviewSchedule(
            self.pictures_until_recognisable, self.evaluations, clock=lambda: self.now
        )
        begun = []
        while self.now < seconds:
            self.now += step
            self.seen += self.pace * step
            if times.seconds_until_next(int(self.seen)) <= 0:
                begun.append(self.now)
                self.now += self.takes
                self.drawing += self.takes
                times.record_preview(begun[-1])
        return begun


@pytest.mark.parametrize("takes", [0.05, 0.4, 2.0, 6.0, 30.0])
@pytest.mark.parametrize("off", [0.5, 1.0])
def test_previews_take_a_tenth_at_most_and_less_in_the_first_minute(
    takes: float, off: float
) -> None:
    # The duration of the first preview is predicted from the pace, within a factor of ``off``.
    evaluations = round(off * takes * 3 * 50)
    training = Training(50, takes, evaluations=evaluations)
    begun = training.run(3600)
    assert training.drawing <= 0.1 * training.now + takes
    assert len(begun) >= 0.8 * 0.1 * 3600 / takes
    in_first_minute = sum(max(0.0, min(60, at + takes) - at) for at in begun if at < 60)
    assert in_first_minute <= 0.06 * 60


def test_the_first_waits_for_something_to_see() -> None:
    assert Training(100, 0.1, pictures_until_recognisable=8000).run(200)[0] == pytest.approx(
        80, abs=0.2
    )


def test_who_waits_long_sees_that_it_goes() -> None:
    assert Training(1, 0.5, pictures_until_recognisable=8000, evaluations=1).run(700)[
        0
    ] == pytest.approx(600, 0.1)


def test_what_was_not_drawn_is_not_caught_up_with() -> None:
    begun = Training(100, 1.0, pictures_until_recognisable=40_000, evaluations=300).run(800)
    assert begun[0] == pytest.approx(400, abs=0.2)
    assert min(b - a for a, b in itertools.pairwise(begun)) >= 10


def test_the_next_is_told_by_the_pace_at_present() -> None:
    now = 100.0
    times = PreviewSchedule(8000, 0, clock=lambda: now)
    assert math.isinf(times.seconds_until_next(0))
    now = 200.0
    assert times.seconds_until_next(4000) == pytest.approx(100)
    assert times.seconds_until_next(4000, 80) == pytest.approx(50)
    begun, now = now, now + 3
    times.record_preview(begun)
    assert times.seconds_until_next(5000) == pytest.approx(27)
    times.record_failure()
    assert times.seconds_until_next(5000) == pytest.approx(27)
    now += 25
    times.record_failure()
    assert times.seconds_until_next(5000) == pytest.approx(10)


def test_a_run_that_goes_on_has_learnt_something() -> None:
    now = 0.0
    times = PreviewSchedule(8000, 3, seen=9000, clock=lambda: now)
    now = 30.0
    assert times.seconds_until_next(9100) == 0


def test_a_short_training_is_looked_at_before_its_end() -> None:
    """In two minutes (309 steps of 16 pictures), previews do not wait for recognisable shapes."""
    after = pictures_until_previews("tiny", [309], 16)
    assert after == math.ceil(309 * 16 / 4)
    begun = Training(41.2, 1.0, pictures_until_recognisable=after, evaluations=120).run(120)
    assert begun[0] == pytest.approx(30, abs=1)
    assert len(begun) >= 3
    assert pictures_until_previews("tiny", [100_000], 16) == 8000
    assert pictures_until_previews("no such preset", [], 16) == 8000


def test_what_was_learnt_by_the_first_end_is_there_when_it_goes_on() -> None:
    after = pictures_until_previews("tiny", [309, 100_000], 16)
    assert after < 309 * 16
