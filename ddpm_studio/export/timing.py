"""Timing of animations: selection of frames with easing, and their durations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

Easing = Literal["linear", "ease-out", "ease-in-out"]

_CURVES: dict[str, Callable[[float], float]] = {
    "linear": lambda u: u,
    "ease-out": lambda u: 1 - (1 - u) ** 2,
    "ease-in-out": lambda u: u * u * (3 - 2 * u),
}


def choose_frames(total: int, count: int, easing: Easing = "linear") -> list[int]:
    """Choose ``count`` of ``total`` frames, the first and the last always among them.

    Args:
        total: number of available frames, at least 1.
        count: number of frames to show, at least 2 (1 if there is only one frame).
        easing: ``linear``: evenly spaced; ``ease-out``: fast at first and slowing down towards the
            end, u → 1 − (1 − u)², where a reverse process shows most; ``ease-in-out``: slow at
            both ends, u → 3u² − 2u³, as between two pictures.

    Returns:
        Non-decreasing indices; a repeated index is held that long.

    Raises:
        ValueError: for numbers that leave no room for first and last, or an unknown easing.
    """
    if total < 1 or count < min(2, total):
        raise ValueError(f"{count} of {total} frames can't include the first and the last")
    curve = _CURVES.get(easing)
    if curve is None:
        raise ValueError(f"easing must be one of {', '.join(_CURVES)}, not {easing!r}")
    if total == 1:
        return [0] * count
    return [round(curve(k / (count - 1)) * (total - 1)) for k in range(count)]


@dataclass(frozen=True)
class Timeline:
    """Frames in order, with their start times in seconds.

    ``starts`` has one entry more than ``frames``: the end of the last one.
    """

    frames: tuple[int, ...]
    starts: tuple[float, ...]

    @classmethod
    def of(cls, indices: list[int], fps: float, hold_last_seconds: float) -> Timeline:
        """Build a timeline: 1/fps per frame, repeats merged into one, plus the last one's hold."""
        frames, starts, frame_count = [], [0.0], 0
        for frame, group in groupby(indices):
            frame_count += len(list(group))
            frames.append(frame)
            starts.append(frame_count / fps)
        starts[-1] += hold_last_seconds
        return cls(tuple(frames), tuple(starts))

    def durations(self, per_second: float) -> list[int]:
        """Return the duration of each frame in ticks of 1 / ``per_second`` s, at least one.

        Start times are rounded, not durations, so that rounding errors don't accumulate.
        """
        ticks = [round(start * per_second) for start in self.starts]
        return [max(1, end_tick - start_tick) for start_tick, end_tick in pairwise(ticks)]
