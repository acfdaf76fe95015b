"""The losses of one run, raw and smoothed, in arrays that grow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_ROOM = 1024


def outlined(steps: Numbers, values: Numbers, parts: int) -> tuple[Numbers, Numbers]:
    """Return a curve of few points that looks the same: of each part the least and the greatest.

    Args:
        steps: rising, shape (N,).
        values: shape (N,).
        parts: into how many a longer curve is parted.

    Returns:
        Steps and values, copies; up to 2·parts + 1 of each, the first and the last step among them.
    """
    if len(steps) <= 2 * parts:
        return steps.copy(), values.copy()
    starts = np.arange(0, len(steps), -(-len(steps) // parts))
    ends = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    x, y = np.repeat(steps[starts], 2), np.stack(ends, axis=1).ravel()
    return np.append(x, steps[-1]), np.append(y, values[-1])


class LossSeries:
    """Losses by step in rising order, with a running mean beside them.

    The mean is the exponential one of weight ``smoothing``, corrected for its start at zero as
    Adam's moments are (Kingma and Ba 2015, §3), so that the first values are not pulled down.

    Args:
        smoothing: 0 (none) to below 1.
    """

    def __init__(self, smoothing: float) -> None:
        self._steps, self._losses, self._smooth = (np.empty(_ROOM) for _ in range(3))
        self._count = 0
        self._smoothing = smoothing
        self._sum = self._weight = 0.0

    def __len__(self) -> int:
        return self._count

    @property
    def steps(self) -> Numbers:
        """Steps, shape (N,); a view that may be outdated by the next :meth:`append`."""
        return self._steps[: self._count]

    @property
    def losses(self) -> Numbers:
        """Losses as they were given, shape (N,)."""
        return self._losses[: self._count]

    @property
    def smooth(self) -> Numbers:
        """Smoothed losses, shape (N,)."""
        return self._smooth[: self._count]

    def clear(self) -> None:
        """Forget all."""
        self._count = 0
        self._sum = self._weight = 0.0

    def append(self, steps: npt.ArrayLike, losses: npt.ArrayLike) -> None:
        """Take more losses; what was known of their first step and later ones is forgotten.

        A run that goes on from a checkpoint takes steps anew. Losses that are not finite are
        left out: an axis can't show them.

        Raises:
            ValueError: the lengths differ.
        """
        x = np.atleast_1d(np.asarray(steps, np.float64))
        y = np.atleast_1d(np.asarray(losses, np.float64))
        if x.shape != y.shape or x.ndim != 1:
            raise ValueError(f"{x.shape} steps, {y.shape} losses")
        known = np.isfinite(y)
        x, y = x[known], y[known]
        if not len(x):
            return
        if self._count and x[0] <= self._steps[self._count - 1]:
            self._count = int(np.searchsorted(self.steps, x[0]))
            self._smooth_from(0)
        start, self._count = self._count, self._count + len(x)
        self._make_room()
        self._steps[start : self._count], self._losses[start : self._count] = x, y
        self._smooth_from(start)

    def update(self, steps: npt.ArrayLike, losses: npt.ArrayLike) -> bool:
        """Become these losses; where they only go on from what is known, the rest is added.

        Returns:
            Whether anything is another.
        """
        x, y = np.asarray(steps, np.float64), np.asarray(losses, np.float64)
        known = np.isfinite(y)
        x, y = x[known], y[known]
        count = self._count
        goes_on = (
            0 < count <= len(x)
            and (x[count - 1], y[count - 1]) == (self._steps[count - 1], self._losses[count - 1])
            and x[0] == self._steps[0]
        )
        if goes_on and count == len(x):
            return False
        if not goes_on:
            self.clear()
            count = 0
        self.append(x[count:], y[count:])
        return True

    def set_smoothing(self, smoothing: float) -> None:
        """Smooth by another weight."""
        if smoothing != self._smoothing:
            self._smoothing = smoothing
            self._smooth_from(0)

    def at(self, step: float) -> tuple[float, float, float] | None:
        """Return (step, loss, smoothed loss) of the nearest known step, or None if empty."""
        if not self._count:
            return None
        right = int(np.searchsorted(self.steps, step))
        near = [i for i in (right - 1, right) if 0 <= i < self._count]
        index = min(near, key=lambda i: abs(self._steps[i] - step))
        return (
            float(self._steps[index]),
            float(self._losses[index]),
            float(self._smooth[index]),
        )

    def _make_room(self) -> None:
        room = len(self._steps)
        if self._count <= room:
            return
        # A run of days has many: room for twice as many would stand empty for long.
        while room < self._count:
            room += max(_ROOM, room // 4)
        for key in ("_steps", "_losses", "_smooth"):
            old: Numbers = getattr(self, key)
            new = np.empty(room)
            new[: len(old)] = old
            setattr(self, key, new)

    def _smooth_from(self, start: int) -> None:
        if start == 0:
            self._sum = self._weight = 0.0
        keep, total, weight = self._smoothing, self._sum, self._weight
        smooth = []
        for loss in self._losses[start : self._count].tolist():
            total = keep * total + (1 - keep) * loss
            weight = keep * weight + (1 - keep)
            smooth.append(total / weight)
        self._smooth[start : self._count] = smooth
        self._sum, self._weight = total, weight
