"""Order of the changes that can be undone, across the tools that keep them."""

from __future__ import annotations

from itertools import count

_numbers = count(1)


def next_change() -> int:
    """Return the number of a new change, greater than those of all earlier ones."""
    return next(_numbers)
