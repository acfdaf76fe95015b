"""Nearest neighbours in pixel space, to check samples for memorisation."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[np.uint8]

_BYTES_AT_ONCE = 1 << 24


@dataclass(frozen=True, eq=False)
class NearestNeighbours:
    """Nearest neighbours of a picture in a set, nearest first; each array of shape (K,).

    Args:
        indices: indices in the set; ties in the set's order.
        distances: RMSE over all values on the scale 0..255, that is L2/√(H·W·C).
        mirrored: whether the horizontally flipped picture is the nearer one.
    """

    indices: npt.NDArray[np.int64]
    distances: npt.NDArray[np.float64]
    mirrored: npt.NDArray[np.bool_]


def nearest(
    images: Pictures,
    picture: Pictures,
    count: int,
    *,
    flip: bool = False,
    among: npt.NDArray[np.int64] | None = None,
) -> Generator[int, None, NearestNeighbours]:
    """Find a picture's nearest neighbours in a set, in chunks; the set may be memory-mapped.

    Args:
        images: the set, uint8 (N, H, W, C).
        picture: uint8 (H, W, C).
        count: number of neighbours; fewer are returned if the set has fewer.
        flip: compare the horizontally flipped picture too.
        among: indices to search, ascending; None: all.

    Yields:
        Number of pictures of the set that have been compared.

    Raises:
        ValueError: if the shapes differ, or count is below 1.
    """
    if picture.shape != images.shape[1:]:
        raise ValueError(f"a picture of shape {picture.shape} in a set of {images.shape[1:]}")
    if count < 1:
        raise ValueError(f"count must be at least 1, not {count}")
    orientations = [picture, picture[:, ::-1]] if flip else [picture]
    targets = [orientation.astype(np.float32) for orientation in orientations]
    squares = np.empty((len(orientations), len(images)))
    rows = max(1, _BYTES_AT_ONCE // picture.size)
    for start in range(0, len(images), rows):
        chunk = images[start : start + rows].astype(np.float32)
        for orientation, target in enumerate(targets):
            differences = np.square(chunk - target)  # integers, hence exact
            squares[orientation, start : start + rows] = differences.sum(
                (1, 2, 3), dtype=np.float64
            )
        yield min(start + rows, len(images))
    best = squares.min(0)
    candidates = np.arange(len(images)) if among is None else among
    indices = candidates[np.argsort(best[candidates], kind="stable")[:count]]
    return NearestNeighbours(
        indices.astype(np.int64),
        np.sqrt(best[indices] / picture.size),
        squares.argmin(0)[indices] == 1,
    )
