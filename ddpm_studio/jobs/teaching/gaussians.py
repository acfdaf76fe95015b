"""KL divergence of two Gaussians, and the variational gap of Gaussian data in closed form."""

from __future__ import annotations

import math

import numpy as np
import torch

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.likelihood.bound import gaussian_kl
from ddpm_studio.engine.likelihood.gaussian_data import GaussianBound, gaussian_bound
from ddpm_studio.jobs.events import Table
from ddpm_studio.jobs.teaching.results import GAP_STEPS, GapCurves, TwoGaussians

_GRID_POINTS, _RANGE_IN_STDS = 241, 2.0


def two_gaussians(
    q_mean: float, q_std: float, p_mean: float, p_std: float, reach: float
) -> TwoGaussians:
    """Return two Gaussian densities over −reach..reach, and both KL divergences [DDPM eq. 5]."""
    q, p = (
        (torch.tensor(m), torch.tensor(2 * math.log(s)))
        for m, s in ((q_mean, q_std), (p_mean, p_std))
    )
    kl_qp = float(gaussian_kl(*q, *p)) / math.log(2)
    kl_pq = float(gaussian_kl(*p, *q)) / math.log(2)
    x = np.linspace(-reach, reach, _GRID_POINTS)
    log_q, log_p = _log_normal(x, q_mean, q_std), _log_normal(x, p_mean, p_std)
    density = np.exp(log_q)
    kl_integrand = density * (log_q - log_p) / math.log(2)
    return TwoGaussians(x, density, np.exp(log_p), kl_integrand, kl_qp, kl_pq)


def gap_curves(std: float, steps: int, variance: str) -> GapCurves:
    """Return the gap between the bound and −log p_θ(x_0) for data N(0, std²).

    Args:
        std: standard deviation of the data.
        steps: number of the paper's 1,000 timesteps that are kept.
        variance: "fixed_large" or "fixed_small".
    """
    x = np.linspace(-_RANGE_IN_STDS * std, _RANGE_IN_STDS * std, _GRID_POINTS)
    curves = _bound(x, std, steps, variance)
    # All are quadratic in x_0, so that their value at x_0 = std is their mean.
    gaps = {
        name: np.array([float(_bound(np.array([std]), std, n, name).gap) for n in GAP_STEPS])
        for name in ("fixed_large", "fixed_small")
    }
    gap = float(_bound(np.array([std]), std, steps, variance).gap)
    return GapCurves(
        x,
        curves.bound.numpy(),
        curves.exact.numpy(),
        gap,
        np.array(GAP_STEPS, np.float64),
        gaps["fixed_large"],
        gaps["fixed_small"],
    )


def _bound(x: Table, std: float, steps: int, variance: str) -> GaussianBound:
    schedule = NoiseSchedule.named("linear", 1000).strided(steps)
    process = DiffusionProcess(schedule, variance=variance, clip_x0=False)
    return gaussian_bound(process, torch.from_numpy(x), std)


def _log_normal(x: Table, mean: float, std: float) -> Table:
    return np.asarray(-0.5 * ((x - mean) / std) ** 2 - math.log(std * math.sqrt(2 * math.pi)))
