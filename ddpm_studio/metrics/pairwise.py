"""Distances of all pairs of two sets of vectors, some rows at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ddpm_studio.metrics.compared import Features

# Of one block of distances.
_BYTES = 64 << 20


def squared_distances(a: Features, b: Features) -> Iterator[tuple[slice, Features]]:
    """Yield the rows of a matrix of squared Euclidean distances, a block of them at a time.

    Args:
        a: shape (N, D).
        b: shape (M, D).

    Yields:
        Which rows of a, and their squared distances from all of b, shape (n, M), not below 0.
    """
    norms = np.einsum("nd,nd->n", b, b)
    rows = max(1, _BYTES // (8 * max(1, len(b))))
    for start in range(0, len(a), rows):
        part = a[start : start + rows]
        own = np.einsum("nd,nd->n", part, part)
        block = own[:, None] + norms - 2 * (part @ b.T)
        yield slice(start, start + len(part)), np.maximum(block, 0)


def radii(features: Features, k: int) -> Iterator[tuple[slice, Features]]:
    """Yield each vector's squared distance from its k-th nearest other one, in blocks.

    Args:
        features: shape (N, D), N above k.
        k: from 1.
    """
    for rows, block in squared_distances(features, features):
        places = np.arange(rows.start, rows.stop)
        # Its own distance, 0 but for rounding, is none of another.
        block[np.arange(len(block)), places] = np.inf
        yield rows, np.partition(block, k - 1, axis=1)[:, k - 1]
