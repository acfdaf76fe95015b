"""Duty cycle of work that nobody waits for."""

from __future__ import annotations

import time
from collections.abc import Callable


class DutyCycle:
    """Says when the next piece of work may be done so that all of them take at most a share.

    After each piece comes a pause that is as much longer than the piece as the share asks for.

    Args:
        share: of the time, above 0 and at most 1.
        clock: seconds that only grow.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._pause = 1 / share - 1
        self._clock = clock
        self._not_before = clock()

    @property
    def due(self) -> bool:
        """Whether it is time for the next piece."""
        return self._clock() >= self._not_before

    def spend(self, work: Callable[[], object]) -> None:
        """Do a piece of work, however long it takes."""
        begun = self._clock()
        work()
        ended = self._clock()
        self._not_before = ended + self._pause * (ended - begun)
