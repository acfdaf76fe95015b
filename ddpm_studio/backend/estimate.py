"""How long a job will take, from how it went so far."""

from __future__ import annotations

import time

# Weight of the newest measurement; a little memory keeps the figure from jumping.
_SMOOTHING = 0.15
_MIN_SECONDS = 0.2


class Estimate:
    """Seconds left of a job that reports ``done`` of ``total``."""

    def __init__(self) -> None:
        self._last: tuple[float, int] | None = None
        self._rate: float | None = None
        self._total: int | None = None

    def update(self, done: int, total: int) -> float | None:
        """Take a report; returns seconds left, or None while it is too early to say."""
        now = time.monotonic()
        if total != self._total:
            # Another phase: how fast the one before went tells nothing of it.
            self._total, self._last, self._rate = total, None, None
        if self._last is None or done < self._last[1]:
            self._last = (now, done)
            return None
        elapsed, advanced = now - self._last[0], done - self._last[1]
        if elapsed >= _MIN_SECONDS and advanced > 0:
            rate = advanced / elapsed
            self._rate = (
                rate if self._rate is None else _SMOOTHING * rate + (1 - _SMOOTHING) * self._rate
            )
            self._last = (now, done)
        return None if self._rate is None else (total - done) / self._rate

    def pause(self) -> None:
        """Leave the time until the next report out."""
        self._last = None
