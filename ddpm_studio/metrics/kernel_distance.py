"""Kernel Inception Distance (KID): squared MMD with a cubic kernel [Bińkowski et al. 2018]."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from ddpm_studio.metrics.metric_input import Features, MetricInput

_DEGREE, _OFFSET = 3, 1.0


def kernel(
    inputs: MetricInput, subsets: float = 100, subset_size: float = 1000
) -> Generator[float, None, Mapping[str, float]]:
    """KID: return ``kid`` and ``kid_deviation``, mean and standard deviation over random subsets.

    Args:
        inputs: the pictures to compare.
        subsets: number of subsets.
        subset_size: pictures of each set in a subset; fewer if there are not enough. If a subset
            would be all of both sets, a single one is computed.
    """
    rows = int(min(subset_size, len(inputs.real), len(inputs.fake)))
    single = rows == len(inputs.real) == len(inputs.fake)
    count = 1 if single else int(subsets)
    rng = np.random.default_rng(inputs.seed)
    distances = []
    for k in range(count):
        yield k / count
        pair = (
            features[rng.permutation(len(features))[:rows]]
            for features in (inputs.real, inputs.fake)
        )
        distances.append(kernel_distance(*pair))
    return {"kid": float(np.mean(distances)), "kid_deviation": float(np.std(distances))}


def kernel_distance(real: Features, fake: Features) -> float:
    """Unbiased estimate of MMD² with the kernel k(x, y) = (x·y/D + 1)³; it can be negative.

    Args:
        real: features, shape (N, D), N at least 2.
        fake: features, shape (M, D), M at least 2.

    Raises:
        ValueError: if there are fewer pictures, or the dimensions differ.
    """
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(f"features must be (N, D) and (M, D), not {real.shape} and {fake.shape}")
    if min(len(real), len(fake)) < 2:
        raise ValueError("a kernel distance needs at least two pictures")
    within = _off_diagonal_mean(real) + _off_diagonal_mean(fake)
    return float(within - 2 * _kernel(real, fake).mean())


def _off_diagonal_mean(features: Features) -> float:
    """Mean of k over all pairs of different pictures."""
    products = _kernel(features, features)
    count = len(features)
    return float((products.sum() - np.trace(products)) / (count * (count - 1)))


def _kernel(a: Features, b: Features) -> Features:
    return np.asarray((a @ b.T / a.shape[1] + _OFFSET) ** _DEGREE)
