"""Two Monte Carlo estimators of the bound: log-ratios along whole chains, and KL terms.

Equation 3 of the paper averages log-ratios along a whole chain x_1, …, x_T, here in the terms of
its appendix A, whose sum is the same; equation 5 replaces each ratio by its expectation given x_t,
the KL divergence between two Gaussians in closed form (Rao–Blackwellisation). The expectation of
both is the bound; at any one t the KL term has the lower variance. Both use the same noise here.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_batch
from ddpm_studio.engine.likelihood.bound import (
    LN2,
    decoder_log_likelihood,
    prior_bits,
    reverse_bits,
)
from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess

_LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class ChainEstimates:
    """Estimates of the bound from N forward chains of one x_0, in bits/dim.

    Args:
        ratios: log q(x_{t−1}|x_t, x_0)/p_θ(x_{t−1}|x_t) along each chain, −log p_θ(x_0|x_1) at
            index 0 [DDPM eq. 22], shape (N, T).
        ends: log q(x_T|x_0)/p(x_T) of each chain, shape (N,).
        terms: L_0 at index 0, L_{t−1} after it [DDPM eq. 5], at the x_t of each chain, shape
            (N, T).
        prior: L_T.
    """

    ratios: Tensor
    ends: Tensor
    terms: Tensor
    prior: float

    @property
    def by_ratios(self) -> Tensor:
        """Sum of the log-ratios along each chain, as in equation 3 [DDPM], shape (N,)."""
        return self.ends + self.ratios.sum(1)

    @property
    def by_divergences(self) -> Tensor:
        """Sum of the KL terms, L_T + Σ L_{t−1} + L_0, of each chain [DDPM eq. 5], shape (N,)."""
        return self.prior + self.terms.sum(1)

    def single_t_estimates(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Both estimators with one t ~ Uniform(1..T) instead of the sum over t, shape (N,) each.

        The second is the estimator of a training step [DDPM Algorithm 1]: it evaluates the network
        once and needs no chain, as x_t ~ q(x_t|x_0) can be sampled directly.
        """
        count, T = self.terms.shape
        index = torch.randint(T, (count, 1), generator=generator).to(self.terms.device)
        ratios, terms = (table.gather(1, index)[:, 0] for table in (self.ratios, self.terms))
        return self.ends + T * ratios, self.prior + T * terms


def chain_estimates(
    process: DiffusionProcess, model: Denoiser, x0: Tensor, noise: PictureNoise
) -> Generator[int, None, ChainEstimates]:
    """Simulate N forward chains x_1, …, x_T ~ q from one x_0 and evaluate both estimators.

    Args:
        process: the diffusion process; its schedule may be a strided part of the trained one.
            x̂_0 is clipped if its ``clip_x0`` is set.
        model: the network.
        x0: picture on the grid of 256 levels in [−1, 1], shape (1, C, H, W).
        noise: one stream for each chain.

    Yields:
        Number of timesteps done, 1..T.

    Raises:
        ValueError: if x_0 is not a batch of one.
    """
    check_batch("x_0", x0)
    if len(x0) != 1:
        raise ValueError(f"the chains start from one x_0, not {len(x0)}")
    x_start = x0.expand(len(noise), *x0.shape[1:])
    x_before, ratios, terms = x_start, list[Tensor](), list[Tensor]()
    for index in range(process.schedule.T):
        step = noise.draw(x0.shape[1:]).to(x0)
        x_t = process.q_step(x_before, index, step)
        with torch.no_grad():
            output = process.predict(model, x_t, index)
        terms.append(reverse_bits(process, output, x_start, x_t, index))
        log_p = _log_reverse(process, output, x_before, x_t, index)
        ratio = -log_p
        if index:
            mean = process.q_posterior_mean(x_start, x_t, index)
            log_variance = process.posterior_log_variance(index, x_t)
            ratio = ratio + _log_normal(x_before, mean, torch.as_tensor(log_variance))
        ratios.append(ratio.flatten(1).mean(1) / LN2)
        x_before = x_t
        yield index + 1
    s = process.schedule
    mean = float(s.sqrt_alphas_cumprod[-1]) * x_start
    log_q = _log_normal(x_before, mean, s.one_minus_alphas_cumprod[-1].log())
    log_p = _log_normal(x_before, torch.zeros_like(mean), torch.zeros(()))
    ends = (log_q - log_p).flatten(1).mean(1) / LN2
    prior = float(prior_bits(process, x0)[0])
    return ChainEstimates(torch.stack(ratios, 1), ends, torch.stack(terms, 1), prior)


def _log_reverse(
    process: DiffusionProcess, output: Tensor, x_before: Tensor, x_t: Tensor, index: int
) -> Tensor:
    """log p_θ(x_{t−1}|x_t) of each value in nats; at t = 1 the discretised decoder [eq. 13]."""
    p = process.reverse(output, x_t, index)
    log_variance = torch.as_tensor(p.log_variance, dtype=x_t.dtype, device=x_t.device)
    if index == 0:
        log_scale = 0.5 * log_variance.expand_as(x_t)
        return decoder_log_likelihood(x_before, p.mean, log_scale)
    return _log_normal(x_before, p.mean, log_variance)


def _log_normal(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    distance = (x - mean).square() * (-log_variance).exp()
    return -0.5 * (distance + log_variance + _LOG_2PI)
