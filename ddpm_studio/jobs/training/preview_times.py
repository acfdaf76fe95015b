"""Preview schedule: when a training draws samples, and in which share of the time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

from ddpm_studio.engine.tables.networks import shapes_after

#: Unless a number of steps is asked for, previews take at most this share of the time.
SHARE_OF_TIME = 0.1
# In the beginning everybody waits for the first steps.
_FIRST_SECONDS, _FIRST_SHARE = 60.0, 0.04
# A step evaluates the network forwards and, twice as long, backwards.
_PASSES = 3
# Who waits sees by then that it goes, though it be noise.
_LATEST_SECONDS = 600.0
# Of a training's length: whoever plans a short one sees by then what becomes of it.
_SHARE_OF_PLAN = 0.25
# After one that failed.
_PAUSE_SECONDS = 10.0


def worth_a_look_after(preset: str, plans: Iterable[int], pictures_a_step: int) -> int:
    """Return how many pictures a network sees until its samples are worth a look.

    As many as it takes until some can be recognised; in a training that is shorter a quarter of
    it, also where a run goes on: what it had learnt by the end that was planned first is there.

    Args:
        preset: what tells how many it takes.
        plans: steps in all, as they were planned one after the other.
        pictures_a_step: how many an optimiser step sees.
    """
    shortest = min(plans, default=None)
    usual = shapes_after(preset)
    if shortest is None:
        return usual
    return min(usual, math.ceil(_SHARE_OF_PLAN * shortest * pictures_a_step))


class PreviewTimes:
    """Says when to draw, from the pace of the training and from what drawings took.

    Args:
        shapes_after: pictures to be seen before there can be something to see.
        evaluations: of the network on one picture, that one preview takes.
        seen: pictures that were seen already.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        shapes_after: int,
        evaluations: int,
        seen: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shapes_after = shapes_after
        self._evaluations = evaluations
        self._clock = clock
        self._begun = clock()
        self._from = seen
        self._spent = 0.0
        self._takes: float | None = None
        self._not_before = self._begun

    def drew(self, begun: float) -> None:
        """Take down what the preview that has ended took, since ``begun``."""
        now = self._clock()
        self._takes = now - begun
        self._spent += self._takes
        # However little was drawn until now: one does not follow upon the other.
        self._not_before = now + self._takes * (1 / SHARE_OF_TIME - 1)

    def failed(self) -> None:
        """Pause: what went wrong goes wrong again at once."""
        self._not_before = max(self._not_before, self._clock() + _PAUSE_SECONDS)

    def wait(self, seen: int, pace: float | None = None) -> float:
        """Return how many seconds it is until the next preview; 0: now; inf: not known yet.

        Args:
            seen: pictures seen by now.
            pace: pictures a second at present; None: as many as until now.
        """
        now = self._clock()
        elapsed = now - self._begun
        if pace is None:
            pace = (seen - self._from) / max(elapsed - self._spent, 1e-9)
        if pace <= 0:
            return math.inf
        takes = self._takes
        if takes is None:
            takes = self._evaluations / (_PASSES * pace)
        # When what it takes is no more than the share of all by its end.
        allowed = (self._spent + takes) / SHARE_OF_TIME - takes
        if allowed < _FIRST_SECONDS:
            early = (self._spent + takes) / _FIRST_SHARE - takes
            allowed = min(early, _FIRST_SECONDS)
        learnt = min((self._shapes_after - seen) / pace, _LATEST_SECONDS - elapsed)
        learnt = 0.0 if self._takes is not None else learnt
        return max(0.0, allowed - elapsed, learnt, self._not_before - now)
