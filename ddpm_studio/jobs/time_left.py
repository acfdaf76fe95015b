"""Time left of a job, estimated from its progress so far."""

from __future__ import annotations

import time
from collections.abc import Callable

from ddpm_studio.jobs.events import Progress

# Weight of the newest rate in an exponential moving average, which keeps the figure from jumping.
_SMOOTHING = 0.15
_MIN_SECONDS = 0.2


class TimeLeft:
    """Estimates the time left of a job from its rate of progress, phase by phase.

    The first advance of a phase is not counted: it includes preparations for the others, which
    on a GPU can take as long as hundreds of them.

    Args:
        clock: returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._phase: tuple[str, int] | None = None
        self._last: tuple[float, int] | None = None
        self._prepared = False
        self._rate: float | None = None

    def update(self, progress: Progress) -> float | None:
        """Record a progress report; return the seconds left, or None while it is unknown."""
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
        """Exclude the time until the next report, for which the job is paused."""
        self._last = None
