"""Rows of numbers that grow, in bounded room where asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Kind = Literal["last", "mean", "least", "greatest"]

_ROOM = 1024


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


class Rows:
    """Rows of numbers that grow in place; the first column rises.

    Args:
        kinds: for each column, what stands for two rows that become one; NaN is left out.
        most: how many rows are kept; None: all. Of more, each two neighbours become one. In a
            mean a row counts for as many as it stands for.
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
        """All rows, shape (N, columns); a view that the next change may outdate."""
        return self._rows[: self._used]

    @property
    def counts(self) -> Numbers:
        """How many of the rows that were added each one stands for, shape (N,); such a view."""
        return self._counts[: self._used]

    def clear(self) -> None:
        """Forget all."""
        self._used = 0

    def append(self, rows: Numbers) -> None:
        """Add rows (K, columns); those known of the first one's step and later are forgotten."""
        # In portions, so that room is needed for twice what is kept at most.
        portion = self._most or max(1, len(rows))
        for start in range(0, len(rows), portion):
            self._append(rows[start : start + portion])

    def _append(self, rows: Numbers) -> None:
        if self._used and rows[0, 0] <= self._rows[self._used - 1, 0]:
            self._used = int(np.searchsorted(self.rows[:, 0], rows[0, 0]))
        end = self._used + len(rows)
        if end > len(self._rows):
            # A run of days has many: room for twice as many would stand empty for long.
            room = end + max(_ROOM, end // 4) - self._used
            self._rows = np.concatenate([self.rows, np.empty((room, len(self._kinds)))])
            self._counts = np.concatenate([self.counts, np.empty(room)])
        self._rows[self._used : end] = rows
        self._counts[self._used : end] = 1
        self._used = end
        while self._most is not None and self._used > self._most:
            self._halve()

    def _halve(self) -> None:
        old = (self._used - self._recent) // 2 * 2
        pairs = self._rows[:old].reshape(old // 2, 2, -1)
        counts = self._counts[:old].reshape(old // 2, 2)
        halved = pairs[:, 1].copy()
        for kind, join in (("least", np.fmin), ("greatest", np.fmax)):
            columns = self._kinds == kind
            halved[:, columns] = join(pairs[:, 0, columns], pairs[:, 1, columns])
        columns = self._kinds == "mean"
        halved[:, columns] = _means(pairs[..., columns], counts)
        end = old // 2 + self._used - old
        self._rows[:end] = np.concatenate([halved, self._rows[old : self._used]])
        self._counts[:end] = np.append(counts.sum(1), self._counts[old : self._used])
        self._used = end


def _means(pairs: Numbers, counts: Numbers) -> Numbers:
    """Return weighted means of pairs (N, 2, C) by counts (N, 2), NaN where both are NaN."""
    weights = np.isfinite(pairs) * counts[..., None]
    total = weights.sum(1)
    means: Numbers = (np.where(weights > 0, pairs, 0) * weights).sum(1) / np.maximum(total, 1)
    means[total == 0] = np.nan
    return means
