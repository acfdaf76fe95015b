"""Pairwise distances between two sets of vectors, in blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ddpm_studio.metrics.metric_input import Features

# Memory of one block of distances.
_BYTES = 64 << 20


def squared_distances(a: Features, b: Features) -> Iterator[tuple[slice, Features]]:
    """Yield the matrix of squared Euclidean distances in blocks of rows.

    Args:
        a: shape (N, D).
        b: shape (M, D).

    Yields:
        Slice of the rows of a, and their squared distances to all of b, shape (n, M), non-negative.
    """
    norms = np.einsum("nd,nd->n", b, b)
    rows = max(1, _BYTES // (8 * max(1, len(b))))
    for start in range(0, len(a), rows):
        chunk = a[start : start + rows]
        chunk_norms = np.einsum("nd,nd->n", chunk, chunk)
        block = chunk_norms[:, None] + norms - 2 * (chunk @ b.T)
        yield slice(start, start + len(chunk)), np.maximum(block, 0)


def radii(features: Features, k: int) -> Iterator[tuple[slice, Features]]:
    """Yield each vector's squared distance to its k-th nearest neighbour, in blocks.

    Args:
        features: shape (N, D), N above k.
        k: 1 or more.

    Yields:
        Slice of the rows, and their squared distances, shape (n,).
    """
    for rows, block in squared_distances(features, features):
        columns = np.arange(rows.start, rows.stop)
        # Exclude a vector's distance to itself, which is 0 up to rounding.
        block[np.arange(len(block)), columns] = np.inf
        yield rows, np.partition(block, k - 1, axis=1)[:, k - 1]
