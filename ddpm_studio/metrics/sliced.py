"""Sliced Wasserstein distance, which needs only thousands of samples [Bonneel et al. 2015]."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from ddpm_studio.metrics.metric_input import Features, MetricInput

# Directions per step, between which the computation can be cancelled.
_CHUNK = 64


def sliced(
    inputs: MetricInput, directions: float = 1024
) -> Generator[float, None, Mapping[str, float]]:
    """Sliced Wasserstein distance: return the metric ``sliced``.

    Args:
        inputs: the pictures to compare.
        directions: number of random directions that the features are projected onto.
    """
    distance = yield from sliced_wasserstein(inputs.real, inputs.fake, int(directions), inputs.seed)
    return {"sliced": distance}


def sliced_wasserstein(
    real: Features, fake: Features, directions: int = 1024, seed: int = 0
) -> Generator[float, None, float]:
    """Sliced Wasserstein-2 distance: √ of the mean squared distance of random 1-D projections.

    Its sample complexity does not depend on the number of dimensions [Nadjahi et al. 2020], unlike
    that of a distance by covariances.

    Args:
        real: features, shape (N, D).
        fake: features, shape (M, D).
        directions: number of random directions, uniform on the sphere.
        seed: seed of the directions.

    Yields:
        Fraction done, 0..1.
    """
    rng = np.random.default_rng(seed)
    lines = rng.standard_normal((directions, real.shape[1]))
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    # Both quantile functions are step functions, constant between their common breakpoints.
    breakpoints = np.union1d(_quantile_levels(len(real)), _quantile_levels(len(fake)))
    widths = np.diff(breakpoints, prepend=0.0)
    midpoints = breakpoints - widths / 2
    real_rows = np.minimum((midpoints * len(real)).astype(int), len(real) - 1)
    fake_rows = np.minimum((midpoints * len(fake)).astype(int), len(fake) - 1)
    total = 0.0
    for start in range(0, directions, _CHUNK):
        chunk = lines[start : start + _CHUNK].T
        real_sorted, fake_sorted = np.sort(real @ chunk, axis=0), np.sort(fake @ chunk, axis=0)
        total += float((widths @ (real_sorted[real_rows] - fake_sorted[fake_rows]) ** 2).sum())
        yield min(1.0, (start + _CHUNK) / directions)
    return float(np.sqrt(total / directions))


def _quantile_levels(count: int) -> Features:
    """Breakpoints 1/n, 2/n, …, 1 of the quantile function of n samples."""
    return np.arange(1, count + 1) / count
