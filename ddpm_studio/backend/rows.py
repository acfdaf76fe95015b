"""Rows of numbers that grow, in bounded room where asked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_ROOM = 1024


class Rows:
    """Rows of numbers that grow in place; the first column rises.

    Args:
        columns: how many numbers a row has.
        most: how many rows are kept; None: all. Of more, each two neighbours become one: the
            later one's first number and, of the others, the means of what is no NaN, in which
            a row counts for as many as it stands for.
        recent: how many of the last rows stay as they were; less than ``most``.
    """

    def __init__(self, columns: int, most: int | None = None, recent: int = 0) -> None:
        self._rows = np.empty((_ROOM, columns))
        self._weights = np.empty(_ROOM)
        self._count = 0
        self._most, self._recent = most, recent

    @property
    def rows(self) -> Numbers:
        """All rows, shape (N, columns); a view that the next change may outdate."""
        return self._rows[: self._count]

    def clear(self) -> None:
        """Forget all."""
        self._count = 0

    def append(self, rows: Numbers) -> None:
        """Add rows (K, columns); those known of the first one's step and later are forgotten."""
        # In portions, so that room is needed for twice what is kept at most.
        portion = self._most or max(1, len(rows))
        for start in range(0, len(rows), portion):
            self._append(rows[start : start + portion])

    def _append(self, rows: Numbers) -> None:
        if self._count and rows[0, 0] <= self._rows[self._count - 1, 0]:
            self._count = int(np.searchsorted(self.rows[:, 0], rows[0, 0]))
        end = self._count + len(rows)
        if end > len(self._rows):
            # A run of days has many: room for twice as many would stand empty for long.
            room = end + max(_ROOM, end // 4) - self._count
            self._rows = np.concatenate([self.rows, np.empty((room, self._rows.shape[1]))])
            self._weights = np.concatenate([self._weights[: self._count], np.empty(room)])
        self._rows[self._count : end] = rows
        self._weights[self._count : end] = 1
        self._count = end
        while self._most is not None and self._count > self._most:
            self._halve()

    def _halve(self) -> None:
        old = (self._count - self._recent) // 2 * 2
        pairs = self._rows[:old].reshape(old // 2, 2, -1)
        weights = self._weights[:old].reshape(old // 2, 2)
        known = np.isfinite(pairs) * weights[..., None]
        total = known.sum(1)
        means = (np.where(known > 0, pairs, 0) * known).sum(1) / np.maximum(total, 1)
        means[total == 0] = np.nan
        means[:, 0] = pairs[:, 1, 0]
        end = old // 2 + self._count - old
        self._rows[:end] = np.concatenate([means, self._rows[old : self._count]])
        self._weights[:end] = np.append(weights.sum(1), self._weights[old : self._count])
        self._count = end
