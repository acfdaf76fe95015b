"""Duty cycle: limits low-priority work to a share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable


class DutyCycle:
    """Throttle that schedules pieces of work so that they take at most a share of the time.

    After a piece of d seconds, the next is due in d · (1 / share − 1) seconds.

    Args:
        share: share of the time, above 0 and at most 1.
        clock: monotonic clock, in seconds.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause = 1 / share - 1
        self._clock = clock
        self._not_before = clock()

    @property
    def is_due(self) -> bool:
        """Whether the next piece of work may be done now."""
        return self._clock() >= self._not_before

    def run_work(self, work: Callable[[], object]) -> None:
        """Do a piece of work, and measure its duration to schedule the next."""
        start_time = self._clock()
        work()
        end_time = self._clock()
        self._not_before = end_time + self._pause * (end_time - start_time)
