"""Preview schedule: when a training draws samples, and the share of time they may take."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from ddpm_studio.engine.tables.networks import pictures_until_recognisable
from ddpm_studio.jobs.job_clock import job_time

#: Unless previews come every so many steps, they take at most this share of the time.
SHARE_OF_TIME = 0.1
# In the first minute a smaller share applies, since people wait for the first steps.
_FIRST_SECONDS, _FIRST_SHARE = 60.0, 0.04
# Cost of a step in forward passes: one forward and a backward, which costs two.
_PASSES = 3
# Longest wait for recognisable samples: a preview shows that training runs, even if it is noise.
_LATEST_SECONDS = 600.0
# Share of a training's length after which the first preview comes, if it is a short one.
_FIRST_PREVIEW_SHARE = 0.25
# Pause after a preview that failed.
_PAUSE_SECONDS = 10.0


def pictures_until_previews(preset: str, plans: Iterable[int], pictures_per_step: int) -> int:
    """Return how many pictures a network sees until its samples are worth a preview.

    As many as the preset needs until samples are recognisable; in a shorter training a quarter of
    its length, even after it is extended: by its first planned end the network had learned enough.

    Args:
        preset: preset of the network.
        plans: total steps, as planned one after the other.
        pictures_per_step: pictures that an optimiser step sees.
    """
    shortest_plan = min(plans, default=None)
    needed = pictures_until_recognisable(preset)
    if shortest_plan is None:
        return needed
    return min(needed, math.ceil(_FIRST_PREVIEW_SHARE * shortest_plan * pictures_per_step))


class PreviewSchedule:
    """Schedule of previews, by the pace of the training and the time that previews took.

    Args:
        pictures_until_recognisable: pictures to be seen until samples may be recognisable.
        evaluations: network evaluations of a preview, counted per picture.
        seen: pictures seen before the start.
        clock: returns monotonic seconds, without pauses.
    """

    def __init__(
        self,
        pictures_until_recognisable: int,
        evaluations: int,
        seen: int = 0,
        clock: Callable[[], float] = job_time,
    ) -> None:
        self._recognisable_after = pictures_until_recognisable
        self._evaluations = evaluations
        self._clock = clock
        self._start_time = clock()
        self._seen_at_start = seen
        self._seconds_spent = 0.0
        self._preview_seconds: float | None = None
        self._not_before = self._start_time

    def record_preview(self, start_time: float) -> None:
        """Record the duration of the preview that began at ``start_time`` and has just ended."""
        now = self._clock()
        self._preview_seconds = now - start_time
        self._seconds_spent += self._preview_seconds
        # Even if little time was spent on previews so far, two don't follow immediately.
        self._not_before = now + self._preview_seconds * (1 / SHARE_OF_TIME - 1)

    def record_failure(self) -> None:
        """Pause after a failed preview: the same error would probably occur again at once."""
        self._not_before = max(self._not_before, self._clock() + _PAUSE_SECONDS)

    def seconds_until_next(self, seen: int, pace: float | None = None) -> float:
        """Return the seconds until the next preview; 0 if it is due, infinite if unknown.

        Args:
            seen: pictures seen by now.
            pace: pictures per second at present; None for the mean so far.
        """
        now = self._clock()
        elapsed = now - self._start_time
        if pace is None:
            pace = (seen - self._seen_at_start) / max(elapsed - self._seconds_spent, 1e-9)
        if pace <= 0:
            return math.inf
        duration = self._preview_seconds
        if duration is None:
            duration = self._evaluations / (_PASSES * pace)
        # The time by whose end this preview makes up no more than the share of the total.
        allowed = (self._seconds_spent + duration) / SHARE_OF_TIME - duration
        if allowed < _FIRST_SECONDS:
            early = (self._seconds_spent + duration) / _FIRST_SHARE - duration
            allowed = min(early, _FIRST_SECONDS)
        learning = min((self._recognisable_after - seen) / pace, _LATEST_SECONDS - elapsed)
        learning = 0.0 if self._preview_seconds is not None else learning
        return max(0.0, allowed - elapsed, learning, self._not_before - now)
