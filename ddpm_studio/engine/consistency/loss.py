"""The loss of consistency tuning: f at σ against f at r, whose gradient is stopped."""

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
    """(√(‖f(x_σ, σ) − sg f(x_r, r)‖² + c²) − c)/(σ − r), a pseudo-Huber [Geng et al. 2024].

    x_σ and x_r have the same x_0 and ε, hence lie near one path of the probability flow. At r = 0
    the second is x_0 itself. ‖·‖² is a mean over pixels here, so c is the paper's over √d.

    Args:
        process: q, and what the network predicts.
        model: the network.
        x0: pictures in [−1, 1], shape (N, C, H, W), float32.
        pairs: as :meth:`~ddpm_studio.engine.consistency.pairs.Pairs.draw` returns, shape (N, 2).
        noise: ε ~ N(0, I), shape of x0.
        config: c.
        same_dropout: around the evaluation at r; at its end the generators that dropout draws
            from are as they were at its beginning. None: there is no dropout.

    Returns:
        Shape (N,).
    """
    level, earlier = pairs.unbind(1)
    clean = earlier <= 0 if earlier.is_floating_point() else earlier < 0
    # What is not used must be a level too.
    near = torch.where(clean, level, earlier)
    with torch.no_grad(), same_dropout or contextlib.nullcontext():
        along = consistency(process, model, process.q_sample(x0, near, noise), near)
    target = torch.where(clean.reshape(-1, *([1] * (x0.ndim - 1))), x0, along)
    error = consistency(process, model, process.q_sample(x0, level, noise), level) - target
    squared = error.square().flatten(1).mean(1)
    # One place where the root of 0 would have no slope.
    huber = (squared + config.c**2).sqrt() - config.c
    here, there = process.place(level, x0), process.place(near, x0)
    gap = torch.where(clean, _flat(here.sigma), _flat(here.sigma) - _flat(there.sigma))
    return huber / gap


def _flat(value: float | Tensor) -> Tensor:
    assert isinstance(value, Tensor)
    return value.reshape(-1)
