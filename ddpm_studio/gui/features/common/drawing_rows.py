"""Rows of pictures that fill one after the other, the cheap ones with small t first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.theme import current_theme


class DrawingRows:
    """Drawn with t going up, shown with t going down, as in the paper's figures.

    Args:
        ts: the t of each row, in the order in which they are drawn.
        columns: how many pictures stand in each.
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
        """Put (``columns``, H, W, C) into the row that is being drawn."""
        self._rows[self._current] = pictures

    def next(self) -> None:
        """Go on to the next row."""
        self._current = min(self._current + 1, len(self._rows) - 1)

    def pictures(self) -> Pictures | None:
        """Return all rows as shown, (N, H, W, C); rows to come are plain. None: none begun."""
        known = next((row for row in self._rows if row is not None), None)
        if known is None:
            return None
        blank = blank_like(known)
        return np.concatenate([blank if row is None else row for row in self._rows[::-1]])


def blank_like(pictures: Pictures) -> Pictures:
    """Return as many plain pictures of this shape: their places while they are drawn."""
    return np.full_like(pictures, current_theme().color("hover").lightness())
