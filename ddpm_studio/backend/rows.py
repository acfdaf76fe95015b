"""Growing arrays of time series, with optional downsampling of older rows to bound memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Kind = Literal["last", "mean", "least", "greatest"]

_INITIAL_CAPACITY = 1024
# Fill level after downsampling: low enough to make it rare, high enough to keep most rows.
_FILL_RATIO = 0.75


class Losses(NamedTuple):
    """Losses by rising step, five arrays (N,); a row is one step, or summarises several up to it.

    ``means`` is NaN where no loss is finite; ``counts`` is how many steps a row summarises.
    """

    steps: Numbers
    means: Numbers
    least: Numbers
    greatest: Numbers
    counts: Numbers

    @classmethod
    def of_steps(cls, steps: npt.ArrayLike, losses: npt.ArrayLike) -> Losses:
        """Build from steps (N,) and the loss of each, (N,)."""
        x, y = np.asarray(steps, np.float64), np.asarray(losses, np.float64)
        return cls(x, y, y, y, np.ones_like(x))


class GrowingRows:
    """2-D array of numbers that grows in place, with a rising first column.

    Args:
        kinds: for each column, the aggregate when rows are merged; NaN is ignored.
        max_rows: the most rows to keep; None: all. Beyond that, neighbours are merged, so that all
            older rows summarise equally many. Means are weighted by the rows' counts.
        recent: how many of the last rows are never merged; less than ``max_rows``.
    """

    def __init__(self, kinds: Sequence[Kind], max_rows: int | None = None, recent: int = 0) -> None:
        self._rows = np.empty((_INITIAL_CAPACITY, len(kinds)))
        self._counts = np.empty(_INITIAL_CAPACITY)
        self._used = 0
        self._kinds = np.array(kinds)
        self._max_rows, self._recent = max_rows, recent

    def __len__(self) -> int:
        return self._used

    @property
    def rows(self) -> Numbers:
        """All rows, shape (N, columns); a view, which :meth:`append` may make stale."""
        return self._rows[: self._used]

    @property
    def counts(self) -> Numbers:
        """How many appended rows each row summarises, shape (N,); a view, likewise."""
        return self._counts[: self._used]

    def clear(self) -> None:
        """Remove all rows."""
        self._used = 0

    def drop_from(self, first: float) -> None:
        """Remove the rows whose first column is ``first`` or more."""
        self._used = int(np.searchsorted(self.rows[:, 0], first))

    def append(self, rows: Numbers) -> None:
        """Append rows (K, columns); a row replaces all earlier ones of its step and later steps."""
        if len(rows):
            least_after = np.minimum.accumulate(np.append(rows[1:, 0], np.inf)[::-1])[::-1]
            rows = rows[rows[:, 0] < least_after]
        # In portions, so that memory is bounded by twice the rows that are kept.
        portion = self._max_rows or max(1, len(rows))
        for start in range(0, len(rows), portion):
            self._append(rows[start : start + portion])

    def _append(self, rows: Numbers) -> None:
        self.drop_from(rows[0, 0])
        end = self._used + len(rows)
        if end > len(self._rows):
            # Grow by a quarter: doubling would waste memory for long on runs of days.
            room = end + max(_INITIAL_CAPACITY, end // 4) - self._used
            self._rows = np.concatenate([self.rows, np.empty((room, len(self._kinds)))])
            self._counts = np.concatenate([self.counts, np.empty(room)])
        self._rows[self._used : end] = rows
        self._counts[self._used : end] = 1
        self._used = end
        if self._max_rows is not None and self._used > self._max_rows:
            self._thin(self._max_rows)

    def _thin(self, max_rows: int) -> None:
        """Merge older rows in groups of a power of two, so that about a quarter becomes free."""
        old = self._used - self._recent
        rows, counts = self._rows[:old], self._counts[:old]
        preceding = counts.cumsum() - counts
        room = max(1, int(_FILL_RATIO * max_rows) - self._recent)
        width = 2.0 ** max(0, math.ceil(math.log2(counts.sum() / room)))
        starts = np.flatnonzero(np.diff(preceding // width, prepend=-1.0))
        ends = np.append(starts[1:], old) - 1
        merged = rows[ends]
        for kind, join in (("least", np.fmin), ("greatest", np.fmax)):
            columns = self._kinds == kind
            merged[:, columns] = join.reduceat(rows[:, columns], starts)
        columns = self._kinds == "mean"
        merged[:, columns] = _means(rows[:, columns], counts, starts)
        # In new arrays, as curves on screen hold views of the old ones.
        remaining = np.concatenate([merged, self._rows[old : self._used]])
        merged_counts = np.append(np.add.reduceat(counts, starts), self._counts[old : self._used])
        self._rows, self._counts = np.empty_like(self._rows), np.empty_like(self._counts)
        self._used = len(remaining)
        self._rows[: self._used], self._counts[: self._used] = remaining, merged_counts


def _means(rows: Numbers, counts: Numbers, starts: npt.NDArray[np.int64]) -> Numbers:
    """Return means of rows (N, C) weighted by counts (N,), one per group; NaN: none is finite."""
    weights = np.isfinite(rows) * counts[:, None]
    total = np.add.reduceat(weights, starts)
    sums = np.add.reduceat(np.where(weights > 0, rows, 0) * weights, starts)
    means: Numbers = sums / np.maximum(total, 1)
    means[total == 0] = np.nan
    return means
