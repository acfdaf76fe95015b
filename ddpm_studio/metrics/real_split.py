"""Split of the real pictures into a reference set and a baseline ("floor") for metrics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ddpm_studio.metrics.held_out import Hashes

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RealSplit:
    """Row indices of the parts of a set of real pictures, each ascending.

    Args:
        reference: pictures that samples are compared with.
        floor: pictures that are compared with the reference as if they were samples, as a baseline.
        learnt: pictures that the model was trained on, among which copies are searched.
        learnt_rest: pictures among which copies by the floor are searched: ``learnt`` without the
            floor; if that is empty, all pictures but the floor.
    """

    reference: Rows
    floor: Rows
    learnt: Rows
    learnt_rest: Rows


def split_real_rows(
    hashes: Hashes,
    count: int,
    reference: int,
    held_out: npt.NDArray[np.bool_],
    among: Rows | None = None,
) -> RealSplit:
    """Split a set of real pictures, deterministically.

    The floor consists of the pictures of the smallest hashes, at most half of the set: those that a
    training holds out come first.

    Args:
        hashes: content hashes, see :func:`~ddpm_studio.metrics.held_out.content_hashes`.
        count: number of samples, and so of the floor.
        reference: maximum size of the reference, spread over the rest of the set.
        held_out: mask of the pictures that the training has not seen, shape (N,).
        among: rows to split, ascending; None: all.
    """
    if among is not None:
        some = split_real_rows(hashes[among], count, reference, held_out[among])
        parts = (some.reference, some.floor, some.learnt, some.learnt_rest)
        return RealSplit(*(among[part] for part in parts))
    total = len(hashes)
    order = np.argsort(hashes, kind="stable")
    floor = np.sort(order[: min(count, total // 2)])
    rest = np.ones(total, bool)
    rest[floor] = False
    left = np.flatnonzero(rest & ~held_out)
    if len(left) == 0:
        left = np.flatnonzero(rest)
    chosen = left[np.arange(min(reference, len(left))) * len(left) // min(reference, len(left))]
    learnt = np.flatnonzero(~held_out)
    return RealSplit(chosen, floor, learnt, left)
