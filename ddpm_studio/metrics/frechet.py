"""Fréchet distance of two sets of features, each modelled as a Gaussian [Heusel et al. 2017]."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np

from ddpm_studio.metrics.metric_input import Features, MetricInput


def frechet(inputs: MetricInput) -> Generator[float, None, Mapping[str, float]]:
    """Fréchet distance: return the metric ``frechet``; see :func:`frechet_distance`."""
    yield 0.0
    return {"frechet": frechet_distance(inputs.real, inputs.fake)}


def frechet_distance(real: Features, fake: Features) -> float:
    """Fréchet distance ‖μ_1 − μ_2‖² + tr(C_1 + C_2 − 2 (C_1 C_2)^½) [Dowson and Landau 1982].

    It is the FID only in the features of the Inception network published for it.

    Args:
        real: features, shape (N, D), N at least 2.
        fake: features, shape (M, D), M at least 2.

    Raises:
        ValueError: if there are fewer pictures, or the dimensions differ.
    """
    if real.ndim != 2 or fake.ndim != 2 or real.shape[1] != fake.shape[1]:
        raise ValueError(f"features must be (N, D) and (M, D), not {real.shape} and {fake.shape}")
    if min(len(real), len(fake)) < 2:
        raise ValueError("a covariance needs at least two pictures")
    return gaussian_distance(real.mean(0), _covariance(real), fake.mean(0), _covariance(fake))


def gaussian_distance(
    mean_1: Features, covariance_1: Features, mean_2: Features, covariance_2: Features
) -> float:
    """Squared Wasserstein-2 distance of two Gaussians with means (D,), covariances (D, D)."""
    difference = mean_1 - mean_2
    # (C_1 C_2)^½ has the trace of the symmetric (C_1^½ C_2 C_1^½)^½, whose eigenvalues are real
    # and, up to rounding, non-negative.
    sqrt_1 = _matrix_sqrt(covariance_1)
    values = np.linalg.eigvalsh(sqrt_1 @ covariance_2 @ sqrt_1)
    trace = np.sqrt(np.maximum(values, 0)).sum()
    distance = difference @ difference + np.trace(covariance_1) + np.trace(covariance_2) - 2 * trace
    return max(0.0, float(distance))


def _covariance(features: Features) -> Features:
    return np.atleast_2d(np.cov(np.asarray(features, np.float64), rowvar=False))


def _matrix_sqrt(covariance: Features) -> Features:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)
