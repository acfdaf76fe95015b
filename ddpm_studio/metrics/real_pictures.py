"""Which real pictures samples are compared with, and which stand in for samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ddpm_studio.metrics.held_out import Hashes

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class RealRows:
    """Rows of a set of real pictures, each ascending.

    Args:
        reference: samples are compared with these.
        floor: real pictures that are compared with the reference as if they were samples.
        learnt: what a model has trained on: where copies are looked for.
        learnt_rest: what is learnt, without the floor: where copies by the floor are looked for.
    """

    reference: Rows
    floor: Rows
    learnt: Rows
    learnt_rest: Rows


def real_rows(
    hashes: Hashes,
    count: int,
    reference: int,
    held_out: npt.NDArray[np.bool_],
    among: Rows | None = None,
) -> RealRows:
    """Part a set of real pictures; the same set is parted the same way each time.

    The floor are the pictures of the smallest hashes, half of the set at most: those that a
    training holds out come first.

    Args:
        hashes: of the pictures, see :func:`~ddpm_studio.metrics.held_out.content_hashes`.
        count: of the samples, and so of the floor.
        reference: how many to compare with at most, spread over the rest of the set.
        held_out: which pictures a training has not seen, shape (N,).
        among: the rows to part, ascending; None: all.
    """
    if among is not None:
        some = real_rows(hashes[among], count, reference, held_out[among])
        parts = (some.reference, some.floor, some.learnt, some.learnt_rest)
        return RealRows(*(among[part] for part in parts))
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
    return RealRows(chosen, floor, learnt, left)
