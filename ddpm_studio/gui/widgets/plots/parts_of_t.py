"""Parts of 1..T that a loss by timestep is told for, in words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def part_of_t(index: int, count: int, timesteps: int) -> str:
    """Return which t a part holds, such as "t 101–200"; where T is small that may be one, or none.

    A training puts t into part ⌊(t − 1) · count / T⌋.

    Args:
        index: of the part, from 0.
        count: how many parts there are.
        timesteps: T.
    """
    # Rounded up: a part that begins between two t holds neither the one before nor half of it.
    first = -(-index * timesteps // count) + 1
    last = -(-(index + 1) * timesteps // count)
    if first > last:
        return QCoreApplication.translate("PartOfT", "no t")
    if first == last:
        return f"t {first:,}"
    return f"t {first:,}–{last:,}"
