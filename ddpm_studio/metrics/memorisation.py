"""Memorisation metrics: distances of samples to the training pictures, to detect copies."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping

import numpy as np

from ddpm_studio.engine.batches import PictureRows
from ddpm_studio.metrics.metric_input import Features, MetricInput
from ddpm_studio.metrics.pairwise import squared_distances
from ddpm_studio.metrics.subset import Subset

# Ratio of the distances to the nearest and second nearest below which a sample is a copy
# [Gu et al. 2023].
_COPY_RATIO = 1 / 3
# Maximum number of training pictures whose own neighbours are searched.
_MAX_REFERENCE = 1000
# Memory for pictures as rows of float64, of which a block of each kind is held at a time.
_BYTES = 512 << 20


def memorisation(inputs: MetricInput) -> Generator[float, None, Mapping[str, float]]:
    """Return the metrics ``copies`` and ``nearest_ratio``, by Euclidean distances of the pixels.

    ``copies`` is the fraction of samples that are less than a third as far from the nearest real
    picture as from the second nearest [Gu et al. 2023]. ``nearest_ratio`` is the median distance
    of a sample to the nearest real picture, over that of a real one to the nearest other one:
    about 1 for new pictures of the same kind, 0 for copies. With ``flip``, a distance is the
    smaller one of a picture and its mirror image.

    Raises:
        ValueError: for fewer than three real pictures.
    """
    real = inputs.real_pictures
    if len(real) < 3:
        raise ValueError("memorisation needs at least three real pictures")
    count = min(len(real), _MAX_REFERENCE)
    subset = np.arange(count) * len(real) // count
    total = len(inputs.fake_pictures) + count
    fake, flip = inputs.fake_pictures, inputs.flip
    fake_distances = yield from _nearest(fake, real, 2, flip, total, 0)
    # For a real picture the nearest is the picture itself.
    real_distances = yield from _nearest(Subset(real, subset), real, 2, flip, total, len(fake))
    nearest, second = np.sqrt(fake_distances[:, 0]), np.sqrt(fake_distances[:, 1])
    real_median = float(np.median(np.sqrt(real_distances[:, 1])))
    fake_median = float(np.median(nearest))
    # A sample equal to two duplicates in the set has both distances 0, and is a copy too.
    copied = (nearest < _COPY_RATIO * second) | ((nearest == 0) & (second == 0))
    ratio = fake_median / real_median if real_median > 0 else float(fake_median > 0)
    return {"copies": float(copied.mean()), "nearest_ratio": ratio}


def _nearest(
    pictures: PictureRows, real: PictureRows, k: int, flip: bool, total: int, done: int
) -> Generator[float, None, Features]:
    """Squared distances to the k nearest real pictures, nearest first, shape (N, k)."""
    best = np.full((len(pictures), k), np.inf)
    rows = max(1, _BYTES // (8 * math.prod(real.shape[1:])))
    for start in range(0, len(real), rows):
        chunk = _flat(real, start, rows)
        for first in range(0, len(pictures), rows):
            for block_rows, block in _distances(pictures, first, rows, flip, chunk):
                queries = slice(first + block_rows.start, first + block_rows.stop)
                candidates = np.concatenate([best[queries], block], axis=1)
                fits = candidates.shape[1] <= k
                best[queries] = (
                    candidates if fits else np.partition(candidates, k - 1, axis=1)[:, :k]
                )
                pairs = start * len(pictures) + len(chunk) * queries.stop
                yield (done + pairs / len(real)) / total
    return np.sort(best, axis=1)


def _distances(
    pictures: PictureRows, start: int, count: int, flip: bool, chunk: Features
) -> Iterator[tuple[slice, Features]]:
    """Yield squared distances between a range of pictures and ``chunk``, in blocks."""
    blocks = squared_distances(_flat(pictures, start, count), chunk)
    if not flip:
        yield from blocks
        return
    mirrored = squared_distances(_flat(pictures, start, count, mirrored=True), chunk)
    for (rows, block), (_, mirrored_block) in zip(blocks, mirrored, strict=True):
        yield rows, np.minimum(block, mirrored_block, out=block)


def _flat(pictures: PictureRows, start: int, count: int, mirrored: bool = False) -> Features:
    """Return a range of pictures as rows of float64, shape (n, H·W·C)."""
    chunk = pictures[np.arange(start, min(start + count, len(pictures)))]
    if mirrored:
        chunk = chunk[:, :, ::-1]
    return chunk.reshape(len(chunk), -1).astype(np.float64)
