"""Precision and recall [Kynkäänniemi 2019], density and coverage [Naeem 2020].

The manifold of each set is estimated by the union of balls around its pictures, each with the
distance to the k-th nearest neighbour in the same set as its radius.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np

from ddpm_studio.metrics.metric_input import Features, MetricInput
from ddpm_studio.metrics.pairwise import radii, squared_distances


@dataclass(frozen=True)
class ManifoldMetrics:
    """Precision, recall, density and coverage of two sets.

    Args:
        precision: fraction of fakes within a ball around a real picture.
        recall: fraction of real pictures within a ball around a fake.
        density: mean number of balls around real pictures that contain a fake, over k; can be above
            1.
        coverage: fraction of real pictures whose ball contains a fake.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall(
    inputs: MetricInput, neighbours: float = 3
) -> Generator[float, None, Mapping[str, float]]:
    """Precision and recall: return the metrics ``precision`` and ``recall``."""
    metrics = yield from manifold_metrics(inputs.real, inputs.fake, int(neighbours))
    return {"precision": metrics.precision, "recall": metrics.recall}


def density_coverage(
    inputs: MetricInput, neighbours: float = 5
) -> Generator[float, None, Mapping[str, float]]:
    """Density and coverage: return the metrics ``density`` and ``coverage``."""
    metrics = yield from manifold_metrics(inputs.real, inputs.fake, int(neighbours))
    return {"density": metrics.density, "coverage": metrics.coverage}


def manifold_metrics(
    real: Features, fake: Features, k: int
) -> Generator[float, None, ManifoldMetrics]:
    """Compute precision, recall, density and coverage by k nearest neighbours.

    Args:
        real: features, shape (N, D), N above k.
        fake: features, shape (M, D), M above k.
        k: number of neighbours, 1 or more.

    Yields:
        Fraction done, 0..1.

    Raises:
        ValueError: if there are too few pictures.
    """
    if min(len(real), len(fake)) <= k:
        raise ValueError(f"a manifold by {k} neighbours needs more than {k} pictures of each kind")
    real_radii, fake_radii = np.empty(len(real)), np.empty(len(fake))
    total = 2 * len(real) + len(fake)
    for output, features, offset in ((real_radii, real, 0), (fake_radii, fake, len(real))):
        for rows, block in radii(features, k):
            output[rows] = block
            yield (offset + rows.stop) / total
    recalled = covered = balls = 0
    precise = np.zeros(len(fake), bool)
    for rows, distances in squared_distances(real, fake):
        inside = distances < real_radii[rows, None]
        precise |= inside.any(0)
        balls += int(inside.sum())
        covered += int(inside.any(1).sum())
        recalled += int((distances < fake_radii).any(1).sum())
        yield (len(real) + len(fake) + rows.stop) / total
    return ManifoldMetrics(
        precision=float(precise.mean()),
        recall=recalled / len(real),
        density=balls / (k * len(fake)),
        coverage=covered / len(real),
    )
