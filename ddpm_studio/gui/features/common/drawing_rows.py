"""Rows of pictures, one for each t, filled in turn; small t, which is cheap, comes first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.theme import current_theme


class DrawingRows:
    """Rows drawn in order of ascending t and shown with t descending, as in the paper's figures.

    Args:
        ts: the t of each row, in drawing order.
        columns: number of pictures in each row.
    """

    def __init__(self, ts: Sequence[int] = (), columns: int = 0) -> None:
        self.ts = list(ts)
        self.columns = columns
        self._rows: list[Pictures | None] = [None] * len(self.ts)
        self._current = 0

    @property
    def shown_ts(self) -> list[int]:
        """The t of each row as shown, from the top."""
        return self.ts[::-1]

    def set_current(self, pictures: Pictures) -> None:
        """Set the pictures of the current row, shape (``columns``, H, W, C)."""
        self._rows[self._current] = pictures

    def next(self) -> None:
        """Make the next row the current one; the last one stays current."""
        self._current = min(self._current + 1, len(self._rows) - 1)

    def pictures(self) -> Pictures | None:
        """Return all rows as shown, (N, H, W, C), blank where not drawn yet; None: none begun."""
        known = next((row for row in self._rows if row is not None), None)
        if known is None:
            return None
        blank = blank_like(known)
        return np.concatenate([blank if row is None else row for row in self._rows[::-1]])


def blank_like(pictures: Pictures) -> Pictures:
    """Return plain placeholders of the same shape, for pictures that are yet to be drawn."""
    return np.full_like(pictures, current_theme().color("hover").lightness())
