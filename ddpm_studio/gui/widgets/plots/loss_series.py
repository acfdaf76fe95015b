"""Loss series of one run, raw and smoothed, in growable arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ddpm_studio.backend.rows import GrowingRows, Losses, Numbers

_STEP, _MEAN, _MINIMUM, _MAXIMUM, _COUNT, _SMOOTH = range(6)


def downsample(
    steps: Numbers, values: Numbers, bounds: tuple[Numbers, Numbers], bins: int
) -> tuple[Numbers, Numbers]:
    """Downsample a curve for plotting, keeping the minimum and maximum of each bin.

    Args:
        steps: ascending, shape (N,).
        values: shape (N,).
        bounds: minimum and maximum of the losses that each value averages, shapes (N,).
        bins: number of bins for a longer curve.

    Returns:
        Copies of steps and values, at most 2·bins + 1 each, including the first and last step.
    """
    if len(steps) <= 2 * bins and np.array_equal(*bounds):
        return steps.copy(), values.copy()
    starts = np.arange(0, len(steps), -(-len(steps) // bins))
    minima, maxima = np.minimum.reduceat(bounds[0], starts), np.maximum.reduceat(bounds[1], starts)
    x, y = np.repeat(steps[starts], 2), np.stack([minima, maxima], axis=1).ravel()
    return np.append(x, steps[-1]), np.append(y, values[-1])


class LossPoint(NamedTuple):
    """Loss at a step, or mean, minimum and maximum of several steps up to it; and smoothed."""

    step: float
    loss: float
    minimum: float
    maximum: float
    smooth: float


class LossSeries:
    """Losses by ascending step, with their exponential moving average (EMA).

    The EMA has decay ``smoothing`` and is bias-corrected as Adam's moments are (Kingma and Ba 2015,
    §3), so that the first values are not biased towards 0. A row of n steps counts n times: it
    keeps ``smoothing``ⁿ of the past.

    Args:
        smoothing: decay of the EMA, 0 (none) to below 1.
    """

    def __init__(self, smoothing: float) -> None:
        self._rows = GrowingRows(["last"] * 6)
        self._smoothing = smoothing
        self._sum = self._weight = 0.0

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def steps(self) -> Numbers:
        """Steps, shape (N,); a view that the next :meth:`update` may invalidate."""
        return self._rows.rows[:, _STEP]

    @property
    def losses(self) -> Numbers:
        """Raw losses, shape (N,)."""
        return self._rows.rows[:, _MEAN]

    @property
    def bounds(self) -> tuple[Numbers, Numbers]:
        """Minimum and maximum loss of the steps that each row averages, shapes (N,)."""
        return self._rows.rows[:, _MINIMUM], self._rows.rows[:, _MAXIMUM]

    @property
    def smooth(self) -> Numbers:
        """Smoothed losses, shape (N,)."""
        return self._rows.rows[:, _SMOOTH]

    def update(self, losses: Losses) -> bool:
        """Replace the losses; if they extend the present ones, only append the new ones.

        Non-finite losses are left out, as a plot can't show them.

        Returns:
            Whether anything has changed.
        """
        known = np.isfinite(losses.means)
        given = losses if known.all() else Losses(*(column[known] for column in losses))
        count = len(self)
        if self._is_extension(given):
            if count == len(given.steps):
                return False
        else:
            count = 0
            self._rows.clear()
        added = [column[count:] for column in given]
        self._rows.append(np.stack([*added, np.empty_like(added[0])], axis=1))
        self._smooth_from(count)
        return True

    def _is_extension(self, given: Losses) -> bool:
        """Whether the present losses are a prefix of ``given``, by their first and last row."""
        rows = self._rows.rows
        return (
            0 < len(rows) <= len(given.steps)
            and rows[0, _STEP] == given.steps[0]
            and (rows[-1, _STEP], rows[-1, _MEAN])
            == (given.steps[len(rows) - 1], given.means[len(rows) - 1])
        )

    def set_smoothing(self, smoothing: float) -> None:
        """Set the decay of the EMA and smooth again."""
        if smoothing != self._smoothing:
            self._smoothing = smoothing
            self._smooth_from(0)

    def at(self, step: float) -> LossPoint | None:
        """Return the losses at the nearest step; None if the series is empty."""
        if not len(self):
            return None
        right = int(np.searchsorted(self.steps, step))
        candidates = [i for i in (right - 1, right) if 0 <= i < len(self)]
        index = min(candidates, key=lambda i: abs(self.steps[i] - step))
        found_step, mean, minimum, maximum, _, smooth = self._rows.rows[index].tolist()
        return LossPoint(found_step, mean, minimum, maximum, smooth)

    def _smooth_from(self, start: int) -> None:
        if start == 0:
            self._sum = self._weight = 0.0
        rows = self._rows.rows[start:]
        total, weight = self._sum, self._weight
        decays = (self._smoothing ** rows[:, _COUNT]).tolist()
        smooth = []
        for decay, loss in zip(decays, rows[:, _MEAN].tolist(), strict=True):
            total = decay * total + (1 - decay) * loss
            weight = decay * weight + (1 - decay)
            smooth.append(total / weight)
        rows[:, _SMOOTH] = smooth
        self._sum, self._weight = total, weight
