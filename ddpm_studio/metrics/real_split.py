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
        training: pictures that the model was trained on, among which copies are searched.
        training_rest: pictures among which copies by the floor are searched: ``training`` without
            the floor; if that is empty, all pictures but the floor.
    """

    reference: Rows
    floor: Rows
    training: Rows
    training_rest: Rows


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
        split = split_real_rows(hashes[among], count, reference, held_out[among])
        fields = (split.reference, split.floor, split.training, split.training_rest)
        return RealSplit(*(among[field] for field in fields))
    total = len(hashes)
    order = np.argsort(hashes, kind="stable")
    floor = np.sort(order[: min(count, total // 2)])
    not_floor = np.ones(total, bool)
    not_floor[floor] = False
    remaining = np.flatnonzero(not_floor & ~held_out)
    if len(remaining) == 0:
        remaining = np.flatnonzero(not_floor)
    reference_rows = remaining[
        np.arange(min(reference, len(remaining))) * len(remaining) // min(reference, len(remaining))
    ]
    training = np.flatnonzero(~held_out)
    return RealSplit(reference_rows, floor, training, remaining)
