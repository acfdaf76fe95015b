"""Numbers in plain words."""

from __future__ import annotations

import time
from collections.abc import Callable


def duration(seconds: float) -> str:
    """Return "8 s", "12 min", "3 h 05 min" or "2 days"."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes = round(whole / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02} min"
    return f"{round(hours / 24)} days"


class TimeLeft:
    """Tells the time left of one phase of a job from its pace so far.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._phase = ""
        self._first = 0
        self._begun = 0.0

    def __call__(self, done: int, total: int, phase: str) -> float | None:
        """Return the seconds left, or None before there is a pace to tell it from."""
        now = self._clock()
        if phase != self._phase or done < self._first:
            self._phase, self._first, self._begun = phase, done, now
        if done <= self._first or now <= self._begun:
            return None
        return (now - self._begun) / (done - self._first) * (total - done)
