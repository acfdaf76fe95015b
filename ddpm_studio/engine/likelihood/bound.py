"""The variational bound and its parts, in bits per dimension [DDPM eq. 5, §3.3]."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_batch, check_like
from ddpm_studio.engine.process import Denoiser, DiffusionProcess, Index

LN2 = math.log(2)
# This variance's table has log β̃_2 at t = 1, where eq. 12 has β_1.
_BETA = "fixed_large"


@dataclass(frozen=True)
class BoundTerms:
    """Terms of the variational bound at one timestep, one per picture; all of shape (N,).

    Args:
        bits: L_{t−1}, or L_0 at t = 1, in bits/dim.
        x0_mse: mean squared error of x̂_0, in the network's range [−1, 1].
        eps_mse: mean squared error of ε̂.
    """

    bits: Tensor
    x0_mse: Tensor
    eps_mse: Tensor


def bound_terms(
    process: DiffusionProcess, model: Denoiser, x0: Tensor, index: Index, noise: Tensor
) -> BoundTerms:
    """Evaluate the term of the variational bound at one timestep for each picture [DDPM eq. 5].

    Args:
        process: the diffusion process; as in sampling, x̂_0 is clipped if its ``clip_x0`` is set.
        model: the network.
        x0: pictures in [−1, 1] on the grid of 256 levels, shape (N, C, H, W).
        index: t − 1, an int or shape (N,).
        noise: ε ~ N(0, I), shape of x0.

    Raises:
        ValueError: if a shape does not match or the index is out of range.
    """
    check_like("the noise", noise, "x_0", x0)
    x_t = process.q_sample(x0, index, noise)
    output = process.predict(model, x_t, index)
    reverse = process.reverse(output, x_t, index)
    return BoundTerms(
        reverse_bits(process, output, x0, x_t, index),
        (reverse.x0_hat - x0).square().flatten(1).mean(1),
        (reverse.eps - noise).square().flatten(1).mean(1),
    )


def reverse_bits(
    process: DiffusionProcess, output: Tensor, x0: Tensor, x_t: Tensor, index: Index
) -> Tensor:
    """L_{t−1}, or L_0 at t = 1, from the network's output at x_t, in bits/dim, shape (N,)."""
    return value_bits(process, output, x0, x_t, index).flatten(1).mean(1)


def value_bits(
    process: DiffusionProcess, output: Tensor, x0: Tensor, x_t: Tensor, index: Index
) -> Tensor:
    """L_{t−1}, or L_0 at t = 1, of each value (pixel and channel) in bits, shape of x0, (N, …)."""
    check_like("x_0", x0, "x_t", x_t)
    p = process.reverse(output, x_t, index)
    log_variance = torch.as_tensor(p.log_variance, dtype=x_t.dtype, device=x_t.device)
    log_variance = log_variance.expand_as(x_t)
    if isinstance(index, int):
        first = torch.full((len(x_t),), index == 0, device=x_t.device)
    else:
        first = index == 0
    kl = gaussian_kl(
        process.q_posterior_mean(x0, x_t, index),
        process.posterior_log_variance(index, x_t),
        p.mean,
        log_variance,
    )
    # Where t > 1 the decoder term is masked out, but its gradient must stay finite.
    first = first.reshape(-1, *[1] * (x_t.ndim - 1))
    nll = -decoder_log_likelihood(x0, p.mean, 0.5 * torch.where(first, log_variance, 0.0))
    return torch.where(first, nll, kl) / LN2


def prior_bits(process: DiffusionProcess, x0: Tensor) -> Tensor:
    """Prior term L_T = KL(q(x_T|x_0)‖N(0, I)) in bits/dim, float64, shape (N,).

    Raises:
        ValueError: if x_0 is not a floating-point batch of shape (N, …).
    """
    check_batch("x_0", x0)
    s = process.schedule
    alpha_bar, noise = float(s.alphas_cumprod[-1]), float(s.one_minus_alphas_cumprod[-1])
    square = x0.double().square().flatten(1).mean(1)
    return 0.5 * (alpha_bar * (square - 1) - math.log(noise)) / LN2


def eps_weights(process: DiffusionProcess) -> Tensor:
    """Weight of ‖ε − ε_θ‖² in L_{t−1}: β_t²/(2σ_t²α_t(1−ᾱ_t)) [DDPM eq. 12], shape (T,).

    σ_t² is the process's variance, or β_t where that is learned; L_simple [eq. 14] has weight 1
    instead. At t = 1, where L_0 has another form, the formula is applied all the same (with β̃_2
    where σ_t² = β̃_t).
    """
    s = process.schedule
    if process.learned or process.variance == _BETA:
        variance = s.betas
    else:
        indices = torch.arange(s.T)
        variance = torch.as_tensor(process.log_variance(indices, None, s.betas)).exp()
    scale = 2 * variance * s.alphas * s.one_minus_alphas_cumprod
    return s.betas.square() / scale


def gaussian_kl(
    mean_q: Tensor, log_variance_q: Tensor | float, mean_p: Tensor, log_variance_p: Tensor
) -> Tensor:
    """KL divergence KL(q‖p) of two diagonal Gaussians, for each value, in nats."""
    log_ratio = log_variance_q - log_variance_p
    distance = (mean_q - mean_p).square() * (-log_variance_p).exp()
    return 0.5 * (log_ratio.exp() - 1 - log_ratio + distance)


def _with_cpu_fallback(function: Callable[[Tensor], Tensor], z: Tensor) -> Tensor:
    """Apply a function on the CPU where Apple's GPUs (MPS) have no kernel for it."""
    return function(z.cpu()).to(z.device) if z.device.type == "mps" else function(z)


class _LogNdtr(torch.autograd.Function):
    """log Φ with derivative φ/Φ by erfcx; torch's own derivative is off sixfold at −10⁴."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        ctx.save_for_backward(z)
        return _with_cpu_fallback(torch.special.log_ndtr, z)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        slope = math.sqrt(2 / math.pi) / _with_cpu_fallback(torch.special.erfcx, z * -(0.5**0.5))
        return gradients[0] * slope


def log_ndtr(z: Tensor) -> Tensor:
    """Logarithm of the normal CDF, log Φ(z), with value and gradient accurate at every z."""
    return cast(Tensor, _LogNdtr.apply(z))  # type: ignore[no-untyped-call]


def decoder_log_likelihood(x0: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Discretised decoder log p(x_0|x_1) per value, in nats: the bin's mass [DDPM eq. 13].

    With the exact Φ and logarithms throughout, a mean many σ away gets its true, large penalty,
    where clamping the mass from below would saturate the value and kill the gradient.

    Args:
        x0: pictures on the grid of 256 levels in [−1, 1]; the outer bins are open-ended.
        mean: mean of the Gaussian, shape of x0.
        log_scale: log σ, shape of x0.
    """
    inverse = (-log_scale).exp()
    low, high = (x0 - mean - 1 / 255) * inverse, (x0 - mean + 1 / 255) * inverse
    # Both ends in the left tail, where Φ keeps its relative accuracy.
    flip = (low + high) > 0
    low, high = torch.where(flip, -high, low), torch.where(flip, -low, high)
    log_high = log_ndtr(high)
    ratio = (log_ndtr(low) - log_high).clamp(max=-1e-30)
    interior = log_high + torch.log(-torch.expm1(ratio))
    lowest = log_ndtr((x0 - mean + 1 / 255) * inverse)
    highest = log_ndtr((mean - x0 + 1 / 255) * inverse)
    return torch.where(x0 < -0.999, lowest, torch.where(x0 > 0.999, highest, interior))
