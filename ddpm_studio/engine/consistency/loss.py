"""Loss of consistency tuning: f at σ against the stop-gradient target f at r < σ."""

from __future__ import annotations

import contextlib

import torch
from torch import Tensor

from ddpm_studio.engine.consistency.function import consistency
from ddpm_studio.engine.consistency.pairs import ConsistencyConfig
from ddpm_studio.engine.process import Denoiser, DiffusionProcess


def consistency_loss(
    process: DiffusionProcess,
    model: Denoiser,
    x0: Tensor,
    pairs: Tensor,
    noise: Tensor,
    config: ConsistencyConfig,
    same_dropout: contextlib.AbstractContextManager[object] | None = None,
) -> Tensor:
    """Pseudo-Huber loss (√(‖f(x_σ, σ) − sg f(x_r, r)‖² + c²) − c)/(σ − r) [Geng et al. 2024].

    x_σ and x_r share x_0 and ε, hence lie near one trajectory of the probability flow. At r = 0 the
    target is x_0 itself. ‖·‖² is a mean over pixels here, so c is the paper's over √d.

    Args:
        process: forward process q and parameterisation.
        model: the network.
        x0: pictures in [−1, 1], shape (N, C, H, W), float32.
        pairs: as :meth:`~ddpm_studio.engine.consistency.pairs.Pairs.draw` returns, shape (N, 2).
        noise: ε ~ N(0, I), shape of x0.
        config: its c applies.
        same_dropout: context manager around the evaluation at r that restores the state of the
            generators that dropout draws from when it exits, so that both evaluations have the
            same dropout mask. None: there is no dropout.

    Returns:
        Loss of each picture, shape (N,).
    """
    level, lower_level = pairs.unbind(1)
    clean = lower_level <= 0 if lower_level.is_floating_point() else lower_level < 0
    # f is evaluated at a valid level even where x_0 replaces the result.
    valid_level = torch.where(clean, level, lower_level)
    with torch.no_grad(), same_dropout or contextlib.nullcontext():
        lower_x0 = consistency(
            process, model, process.q_sample(x0, valid_level, noise), valid_level
        )
    target = torch.where(clean.reshape(-1, *([1] * (x0.ndim - 1))), x0, lower_x0)
    error = consistency(process, model, process.q_sample(x0, level, noise), level) - target
    squared = error.square().flatten(1).mean(1)
    # c > 0 keeps the gradient of the root finite at 0.
    huber = (squared + config.c**2).sqrt() - config.c
    upper, lower = process.coefficients(level, x0), process.coefficients(valid_level, x0)
    sigma_step = torch.where(clean, _flat(upper.sigma), _flat(upper.sigma) - _flat(lower.sigma))
    return huber / sigma_step


def _flat(value: float | Tensor) -> Tensor:
    assert isinstance(value, Tensor)
    return value.reshape(-1)
