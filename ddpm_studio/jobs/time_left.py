"""Time left of a job, from how it went so far."""

from __future__ import annotations

import time
from collections.abc import Callable

from ddpm_studio.jobs.events import Progress

# Weight of the newest measurement; a little memory keeps the figure from jumping.
_SMOOTHING = 0.15
_MIN_SECONDS = 0.2


class TimeLeft:
    """Tells the time left of a job from its pace, phase by phase.

    The first advance of a phase is no part of its pace: it prepares what the others use, which
    on a GPU can take as long as hundreds of them.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._phase: tuple[str, int] | None = None
        self._last: tuple[float, int] | None = None
        self._prepared = False
        self._rate: float | None = None

    def update(self, progress: Progress) -> float | None:
        """Take a report; returns seconds left, or None while it is too early to say."""
        now, done = self._clock(), progress.done
        phase = progress.text, progress.total
        if phase != self._phase or (self._last is not None and done < self._last[1]):
            self._phase, self._last, self._rate, self._prepared = phase, None, None, False
        if self._last is None:
            self._last = now, done
        elapsed, advanced = now - self._last[0], done - self._last[1]
        if advanced > 0 and not self._prepared:
            self._prepared, self._last = True, (now, done)
        elif advanced > 0 and elapsed >= _MIN_SECONDS:
            rate = advanced / elapsed
            if self._rate is not None:
                rate = _SMOOTHING * rate + (1 - _SMOOTHING) * self._rate
            self._rate, self._last = rate, (now, done)
        return None if self._rate is None else (progress.total - done) / self._rate

    def pause(self) -> None:
        """Leave the time until the next report out."""
        self._last = None
