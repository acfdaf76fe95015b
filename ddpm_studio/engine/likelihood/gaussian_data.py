"""Data N(0, s²), where bound and likelihood are known in closed form: how large the gap is.

The best predictor of ε is linear there, so each p_θ(x_{t−1}|x_t) is Gaussian with a mean a_t x_t,
and so is p_θ(x_0). The gap between the bound and −log p_θ(x_0) is the KL divergence from
q(x_{1:T}|x_0) to p_θ(x_{1:T}|x_0), which no picture's model can tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_positive
from ddpm_studio.engine.likelihood.bound import LN2, gaussian_kl
from ddpm_studio.engine.process import DiffusionProcess

_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class GaussianBound:
    """Of single numbers x_0, in bits; shape (K,) each.

    Args:
        bound: the variational bound on −log p_θ(x_0) [DDPM eq. 5], of densities.
        exact: −log p_θ(x_0) itself.
    """

    bound: Tensor
    exact: Tensor

    @property
    def gap(self) -> Tensor:
        """KL(q(x_{1:T}|x_0)‖p_θ(x_{1:T}|x_0)), never below 0."""
        return self.bound - self.exact


def best_linear(process: DiffusionProcess, std: float) -> Tensor:
    """The factor of x_t in the best ε̂ for data N(0, std²), at each index, shape (T,)."""
    s = process.schedule
    return s.sqrt_one_minus_alphas_cumprod / (
        s.alphas_cumprod * std**2 + s.one_minus_alphas_cumprod
    )


def gaussian_bound(process: DiffusionProcess, x0: Tensor, std: float) -> GaussianBound:
    """Return bound and likelihood of x_0, shape (K,), in float64.

    Args:
        process: it predicts ε, its x̂_0 is not clipped, its variance is fixed.
        x0: the numbers.
        std: of the data.

    Raises:
        ValueError: if std is not above 0, or the process is another.
    """
    check_positive("std", std)
    if process.parameterization != "eps" or process.clip_x0 or process.learned:
        raise ValueError("closed forms are of ε predicted, x̂_0 not clipped and a fixed variance")
    x0, s = x0.double(), process.schedule
    factors, one = best_linear(process, std), torch.ones(1, 1, dtype=torch.float64)
    bar = s.alphas_cumprod[-1]
    bound = gaussian_kl(
        bar.sqrt() * x0, s.one_minus_alphas_cumprod[-1].log(), 0 * x0, torch.zeros(())
    )
    variance = 1.0
    for index in reversed(range(s.T)):
        # What p_θ makes of x_t = 1 is the factor of every x_t.
        p = process.reverse(factors[index] * one, one, index)
        a, log_v = float(p.mean), torch.as_tensor(p.log_variance, dtype=torch.float64)
        variance = a**2 * variance + float(log_v.exp())
        signal, noise = s.sqrt_alphas_cumprod[index], s.one_minus_alphas_cumprod[index]
        if index == 0:
            square = (1 - a * signal) ** 2 * x0.square() + a**2 * noise
            bound = bound + 0.5 * (square * (-log_v).exp() + log_v + _LOG_2PI)
            continue
        # The means differ by (c_0 + (c_t − a)√ᾱ) x_0 + (c_t − a)√(1−ᾱ) ε, over ε.
        c_0, c_t = s.posterior_mean_coef_x0[index], s.posterior_mean_coef_x_t[index] - a
        square = (c_0 + c_t * signal).square() * x0.square() + c_t.square() * noise
        log_q = s.posterior_log_variance_clipped[index]
        bound = bound + gaussian_kl(square.sqrt(), log_q, 0 * x0, log_v)
    exact = 0.5 * (x0.square() / variance + math.log(variance) + _LOG_2PI)
    return GaussianBound(bound / LN2, exact / LN2)
