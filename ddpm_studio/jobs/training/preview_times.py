"""Preview schedule: when a training draws samples, and the share of time they may take."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable

from ddpm_studio.engine.tables.networks import shapes_after

#: Unless previews come every so many steps, they take at most this share of the time.
SHARE_OF_TIME = 0.1
# In the first minute a smaller share applies, since people wait for the first steps.
_FIRST_SECONDS, _FIRST_SHARE = 60.0, 0.04
# Cost of a step in forward passes: one forward and a backward, which costs two.
_PASSES = 3
# Longest wait for recognisable samples: a preview shows that training runs, even if it is noise.
_LATEST_SECONDS = 600.0
# Share of a training's length after which the first preview comes, if it is a short one.
_SHARE_OF_PLAN = 0.25
# Pause after a preview that failed.
_PAUSE_SECONDS = 10.0


def worth_a_look_after(preset: str, plans: Iterable[int], pictures_a_step: int) -> int:
    """Return how many pictures a network sees until its samples are worth a preview.

    As many as the preset needs until samples are recognisable; in a shorter training a quarter of
    its length, even after it is extended: by its first planned end the network had learned enough.

    Args:
        preset: preset of the network.
        plans: total steps, as planned one after the other.
        pictures_a_step: pictures that an optimiser step sees.
    """
    shortest = min(plans, default=None)
    usual = shapes_after(preset)
    if shortest is None:
        return usual
    return min(usual, math.ceil(_SHARE_OF_PLAN * shortest * pictures_a_step))


class PreviewTimes:
    """Schedule of previews, by the pace of the training and the time that previews took.

    Args:
        shapes_after: pictures to be seen until samples may be recognisable.
        evaluations: network evaluations of a preview, counted per picture.
        seen: pictures seen before the start.
        clock: returns monotonic seconds.
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
        """Record the duration of the preview that was begun at ``begun`` and has just ended."""
        now = self._clock()
        self._takes = now - begun
        self._spent += self._takes
        # Even if little time was spent on previews so far, two don't follow immediately.
        self._not_before = now + self._takes * (1 / SHARE_OF_TIME - 1)

    def failed(self) -> None:
        """Pause after a failed preview: the same error would probably occur again at once."""
        self._not_before = max(self._not_before, self._clock() + _PAUSE_SECONDS)

    def wait(self, seen: int, pace: float | None = None) -> float:
        """Return the seconds until the next preview; 0 if it is due, infinite if unknown.

        Args:
            seen: pictures seen by now.
            pace: pictures per second at present; None for the mean so far.
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
        # The time by whose end this preview makes up no more than the share of the total.
        allowed = (self._spent + takes) / SHARE_OF_TIME - takes
        if allowed < _FIRST_SECONDS:
            early = (self._spent + takes) / _FIRST_SHARE - takes
            allowed = min(early, _FIRST_SECONDS)
        learnt = min((self._shapes_after - seen) / pace, _LATEST_SECONDS - elapsed)
        learnt = 0.0 if self._takes is not None else learnt
        return max(0.0, allowed - elapsed, learnt, self._not_before - now)
