"""Noise schedules defined by their σ (EDM, flow matching), converted to β_1 … β_T."""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_number, check_positive, check_values


def edm(T: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0) -> Tensor:
    """EDM schedule: Karras σ-grid from ``sigma_min`` at t = 1 to ``sigma_max`` at T [EDM eq. 5]."""
    check_integer("T", T, 1)
    check_positive("ρ", rho)
    check_positive("sigma_min", sigma_min)
    check_number("sigma_max", sigma_max, sigma_min)
    ends = (sigma_min ** (1 / rho), sigma_max ** (1 / rho))
    # For T = 1 the only level is sigma_max.
    grid = torch.linspace(*ends, max(T, 2), dtype=torch.float64)[-T:]
    return betas_of_sigmas(grid**rho)


def flow(T: int) -> Tensor:
    """Flow-matching schedule: flow times u = σ/(1+σ) at the midpoints of T equal parts of 0..1.

    A uniform t is then a uniform flow time; the ends, where σ is 0 or infinite, are left out.
    """
    check_integer("T", T, 1)
    return betas_of_sigmas(sigma_of_flow_time((torch.arange(T, dtype=torch.float64) + 0.5) / T))


def flow_time(sigma: Tensor) -> Tensor:
    """Flow time u = σ/(1+σ) of flow matching's x_u = (1−u) x_0 + u ε."""
    check_values("σ", sigma, 0)
    return sigma / (1 + sigma)


def sigma_of_flow_time(u: Tensor) -> Tensor:
    """Noise level σ = u/(1−u) of a flow time u, 0 ≤ u < 1."""
    check_values("u", u, 0, 1)
    if u.device.type == "cpu" and bool((u == 1).any()):
        raise ValueError("u must be below 1: there σ is infinite")
    return u / (1 - u)


def betas_of_sigmas(sigmas: Tensor) -> Tensor:
    """Convert σ to β_t = 1 − ᾱ_t/ᾱ_{t−1} with ᾱ = 1/(1+σ²), without cancellation.

    Args:
        sigmas: positive and strictly increasing, float64, shape (T,).

    Raises:
        ValueError: if they are not positive, increasing and finite.
    """
    previous = torch.cat([sigmas.new_zeros(1), sigmas[:-1]])
    if not bool(((sigmas > previous) & sigmas.isfinite()).all()):
        raise ValueError("σ must be above 0 and rise from t to t + 1, and be finite")
    return (sigmas - previous) * (sigmas + previous) / (1 + sigmas.square())
