"""Gaussian data N(0, s²): variational bound, likelihood and their gap in closed form.

The optimal predictor of ε is linear there, so each p_θ(x_{t−1}|x_t) is Gaussian with mean a_t x_t,
and p_θ(x_0) is Gaussian. The gap between the bound and −log p_θ(x_0) is the KL divergence from
q(x_{1:T}|x_0) to p_θ(x_{1:T}|x_0), which can't be computed for a model of pictures.
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
    """Variational bound and exact likelihood of scalars x_0, in bits; shape (K,) each.

    Args:
        bound: the variational bound on −log p_θ(x_0) [DDPM eq. 5], for densities.
        exact: −log p_θ(x_0) itself.
    """

    bound: Tensor
    exact: Tensor

    @property
    def gap(self) -> Tensor:
        """Gap of the bound, KL(q(x_{1:T}|x_0)‖p_θ(x_{1:T}|x_0)), never negative."""
        return self.bound - self.exact


def best_linear(process: DiffusionProcess, std: float) -> Tensor:
    """Optimal linear predictor for data N(0, std²): ε̂/x_t at each index, shape (T,)."""
    s = process.schedule
    return s.sqrt_one_minus_alphas_cumprod / (
        s.alphas_cumprod * std**2 + s.one_minus_alphas_cumprod
    )


def gaussian_bound(process: DiffusionProcess, x0: Tensor, std: float) -> GaussianBound:
    """Return bound and exact likelihood of scalars x_0, in float64.

    Args:
        process: a process that predicts ε, with unclipped x̂_0 and fixed variance.
        x0: the scalars, shape (K,).
        std: standard deviation s of the data.

    Raises:
        ValueError: if std is not above 0, or the process is not of that kind.
    """
    check_positive("std", std)
    if process.parameterization != "eps" or process.clip_x0 or process.learned:
        raise ValueError("closed forms are of ε predicted, x̂_0 not clipped and a fixed variance")
    x0, s = x0.double(), process.schedule
    factors, ones = best_linear(process, std), torch.ones(1, 1, dtype=torch.float64)
    alpha_bar = s.alphas_cumprod[-1]
    bound = gaussian_kl(
        alpha_bar.sqrt() * x0, s.one_minus_alphas_cumprod[-1].log(), 0 * x0, torch.zeros(())
    )
    variance = 1.0
    for index in reversed(range(s.T)):
        # p_θ's mean is linear in x_t, so its value at x_t = 1 is the coefficient a_t.
        p = process.reverse(factors[index] * ones, ones, index)
        a, log_v = float(p.mean), torch.as_tensor(p.log_variance, dtype=torch.float64)
        variance = a**2 * variance + float(log_v.exp())
        signal, noise = s.sqrt_alphas_cumprod[index], s.one_minus_alphas_cumprod[index]
        if index == 0:
            square = (1 - a * signal) ** 2 * x0.square() + a**2 * noise
            bound = bound + 0.5 * (square * (-log_v).exp() + log_v + _LOG_2PI)
            continue
        # The means differ by (c_0 + (c_t − a)√ᾱ) x_0 + (c_t − a)√(1−ᾱ) ε; the KL divergence needs
        # the expectation of its square over ε.
        c_0, c_t = s.posterior_mean_coef_x0[index], s.posterior_mean_coef_x_t[index] - a
        square = (c_0 + c_t * signal).square() * x0.square() + c_t.square() * noise
        log_q = s.posterior_log_variance_clipped[index]
        bound = bound + gaussian_kl(square.sqrt(), log_q, 0 * x0, log_v)
    exact = 0.5 * (x0.square() / variance + math.log(variance) + _LOG_2PI)
    return GaussianBound(bound / LN2, exact / LN2)
