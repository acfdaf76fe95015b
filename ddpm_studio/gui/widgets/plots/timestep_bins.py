"""Labels of the bins of 1..T in plots of the loss by timestep."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication


def timestep_bin_label(index: int, count: int, timesteps: int) -> str:
    """Return the label of a bin of t, such as "t 101–200"; for a small T, of one t or "no t".

    A training assigns t to bin ⌊(t − 1) · count / T⌋.

    Args:
        index: index of the bin, from 0.
        count: number of bins.
        timesteps: T.
    """
    # Rounded up: a bin whose edge is between two timesteps begins at the later one.
    first = -(-index * timesteps // count) + 1
    last = -(-(index + 1) * timesteps // count)
    if first > last:
        return QCoreApplication.translate("PartOfT", "no t")
    if first == last:
        return f"t {first:,}"
    return f"t {first:,}–{last:,}"
