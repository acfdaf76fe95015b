"""Growing arrays: rows of numbers, in bounded room where asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Kind = Literal["last", "mean", "least", "greatest"]

_ROOM = 1024
# How full they are after becoming fewer: that comes seldom then, and most can still be shown.
_FULL = 0.75


class Losses(NamedTuple):
    """Losses by rising step, five arrays (N,); a row is one step, or stands for several up to it.

    ``means`` is NaN where no loss was a number; ``counts`` is how many steps a row stands for.
    """

    steps: Numbers
    means: Numbers
    least: Numbers
    greatest: Numbers
    counts: Numbers

    @classmethod
    def of_steps(cls, steps: npt.ArrayLike, losses: npt.ArrayLike) -> Losses:
        """Take a loss (N,) of each step (N,)."""
        x, y = np.asarray(steps, np.float64), np.asarray(losses, np.float64)
        return cls(x, y, y, y, np.ones_like(x))


class GrowingRows:
    """Rows of numbers that grow in place; the first column rises.

    Args:
        kinds: for each column, what stands for several rows that become one; NaN is left out.
        most: how many rows are kept; None: all. When there are more, neighbours become one, so
            that each of the older rows stands for as many as the others. In a mean a row counts
            for as many as it stands for.
        recent: how many of the last rows stay as they were; less than ``most``.
    """

    def __init__(self, kinds: Sequence[Kind], most: int | None = None, recent: int = 0) -> None:
        self._rows = np.empty((_ROOM, len(kinds)))
        self._counts = np.empty(_ROOM)
        self._used = 0
        self._kinds = np.array(kinds)
        self._most, self._recent = most, recent

    def __len__(self) -> int:
        return self._used

    @property
    def rows(self) -> Numbers:
        """All rows, shape (N, columns); a view that :meth:`append` may outdate."""
        return self._rows[: self._used]

    @property
    def counts(self) -> Numbers:
        """How many of the rows that were added each one stands for, shape (N,); such a view."""
        return self._counts[: self._used]

    def clear(self) -> None:
        """Forget all."""
        self._used = 0

    def forget_from(self, first: float) -> None:
        """Forget the rows whose first column is ``first`` or more."""
        self._used = int(np.searchsorted(self.rows[:, 0], first))

    def append(self, rows: Numbers) -> None:
        """Add rows (K, columns); of a step and those after it what was told last counts."""
        if len(rows):
            least_after = np.minimum.accumulate(np.append(rows[1:, 0], np.inf)[::-1])[::-1]
            rows = rows[rows[:, 0] < least_after]
        # In portions, so that room is needed for twice what is kept at most.
        portion = self._most or max(1, len(rows))
        for start in range(0, len(rows), portion):
            self._append(rows[start : start + portion])

    def _append(self, rows: Numbers) -> None:
        self.forget_from(rows[0, 0])
        end = self._used + len(rows)
        if end > len(self._rows):
            # A run of days has many: room for twice as many would stand empty for long.
            room = end + max(_ROOM, end // 4) - self._used
            self._rows = np.concatenate([self.rows, np.empty((room, len(self._kinds)))])
            self._counts = np.concatenate([self.counts, np.empty(room)])
        self._rows[self._used : end] = rows
        self._counts[self._used : end] = 1
        self._used = end
        if self._most is not None and self._used > self._most:
            self._thin(self._most)

    def _thin(self, most: int) -> None:
        """Let the older rows stand for the next power of two that leaves a quarter free."""
        old = self._used - self._recent
        rows, counts = self._rows[:old], self._counts[:old]
        before = counts.cumsum() - counts
        room = max(1, int(_FULL * most) - self._recent)
        width = 2.0 ** max(0, math.ceil(math.log2(counts.sum() / room)))
        starts = np.flatnonzero(np.diff(before // width, prepend=-1.0))
        ends = np.append(starts[1:], old) - 1
        joined = rows[ends]
        for kind, join in (("least", np.fmin), ("greatest", np.fmax)):
            columns = self._kinds == kind
            joined[:, columns] = join.reduceat(rows[:, columns], starts)
        columns = self._kinds == "mean"
        joined[:, columns] = _means(rows[:, columns], counts, starts)
        # In new arrays: curves that are shown hold views of the old ones.
        kept = np.concatenate([joined, self._rows[old : self._used]])
        stands_for = np.append(np.add.reduceat(counts, starts), self._counts[old : self._used])
        self._rows, self._counts = np.empty_like(self._rows), np.empty_like(self._counts)
        self._used = len(kept)
        self._rows[: self._used], self._counts[: self._used] = kept, stands_for


def _means(rows: Numbers, counts: Numbers, starts: npt.NDArray[np.int64]) -> Numbers:
    """Return the means of rows (N, C) by counts (N,), of each part; NaN where all are NaN."""
    weights = np.isfinite(rows) * counts[:, None]
    total = np.add.reduceat(weights, starts)
    sums = np.add.reduceat(np.where(weights > 0, rows, 0) * weights, starts)
    means: Numbers = sums / np.maximum(total, 1)
    means[total == 0] = np.nan
    return means
