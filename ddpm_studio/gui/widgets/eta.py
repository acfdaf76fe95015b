"""Durations in words, and how long a job will still take."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication

_WINDOW_SECONDS = 20.0
_KEPT = 256


def duration_words(seconds: float) -> str:
    """Return a duration as people say it: ``4 s``, ``6 min``, ``2 h 10 min``, ``3 d 4 h``.

    Empty for what is negative, infinite or not a number.
    """
    if not math.isfinite(seconds) or seconds < 0:
        return ""
    whole = round(seconds)
    if whole < 1:
        return _tr("under 1 s")
    if whole < 60:
        return _tr("{0} s").format(whole)
    minutes = round(seconds / 60)
    if minutes < 60:
        return _tr("{0} min").format(minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return (_tr("{0} h {1} min") if minutes else _tr("{0} h")).format(hours, minutes)
    days, hours = divmod(round(seconds / 3600), 24)
    return (_tr("{0} d {1} h") if hours else _tr("{0} d")).format(days, hours)


def _tr(text: str) -> str:
    return QCoreApplication.translate("duration", text)


class Eta:
    """Estimates the time left from the speed of about the last twenty seconds.

    Args:
        clock: a monotonic clock in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, float]] = deque(maxlen=_KEPT)

    def update(self, done: float, total: float) -> float | None:
        """Note the progress and return the seconds left, or None while that can't be told."""
        now = self._clock()
        if self._seen and done < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((now, done))
        while len(self._seen) > 2 and now - self._seen[0][0] > _WINDOW_SECONDS:
            self._seen.popleft()
        began, first = self._seen[0]
        if done <= first or now <= began:
            return None
        return max(0.0, (total - done) * (now - began) / (done - first))

    def restart(self) -> None:
        """Forget the speed, after a pause."""
        self._seen.clear()
