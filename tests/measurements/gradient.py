"""Gradient variance of the bound with loss-aware and with uniform sampling of t."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from ddpm_studio.engine import TrainingLoss
from ddpm_studio.engine.timesteps import TimestepSampler, timestep_sampler
from ddpm_studio.jobs import ModelStore, example_pictures
from ddpm_studio.jobs.drawing.models import Model
from ddpm_studio.jobs.drawing.pictures import to_latent

_PICTURES, _BATCH, _DRAWS, _LEARNED, _AT_ONCE = 48, 16, 120, 10, 40


def gradient(run: Path) -> dict[str, object]:
    """Return the total variance of ∇L_vlb over batches of 16, t uniform and by loss second moment.

    Both estimate the same gradient, for which the mean of the draws stands in.
    """
    model = ModelStore().get(run, "raw", "cpu")
    model.network.requires_grad_(True)
    x_0 = torch.cat([to_latent(picture, model) for picture in example_pictures(run, _PICTURES)])
    T = model.process.schedule.T
    uniform, aware = (
        timestep_sampler(kind, T, "cpu") for kind in ("uniform", "loss_second_moment")
    )
    generator = torch.Generator().manual_seed(1)
    _teach(model, x_0, aware, generator)
    drawn = {
        name: torch.stack([_draw(model, x_0, sampler, generator) for _ in range(_DRAWS)])
        for name, sampler in (("uniform", uniform), ("loss_second_moment", aware))
    }
    variance = {name: float(g.var(0).sum()) for name, g in drawn.items()}
    means = [g.mean(0) for g in drawn.values()]
    apart = float((means[0] - means[1]).square().sum())
    return {
        "training_steps": model.step,
        "draws": _DRAWS,
        "batch": _BATCH,
        "gradient_variance": variance,
        "ratio": variance["uniform"] / variance["loss_second_moment"],
        # If both are unbiased, the squared distance of the means is as their variances predict.
        "means_apart_squared": apart,
        "expected_apart_squared": sum(variance.values()) / _DRAWS,
    }


def _teach(model: Model, x_0: Tensor, aware: TimestepSampler, generator: torch.Generator) -> None:
    """Update the loss-aware sampler with ten losses of each t."""
    every = torch.arange(model.process.schedule.T).repeat(_LEARNED)
    with torch.no_grad():
        for index in every.split(_AT_ONCE):
            aware.update(index, _losses(model, x_0, index, generator))


def _draw(
    model: Model, x_0: Tensor, sampler: TimestepSampler, generator: torch.Generator
) -> Tensor:
    """Return one estimate of the gradient, flattened to a vector."""
    index, weights = sampler.draw(_BATCH, generator)
    losses = _losses(model, x_0, index, generator)
    model.network.zero_grad(set_to_none=True)
    (losses if weights is None else losses * weights).mean().backward()
    parts = [p.grad for p in model.network.parameters() if p.grad is not None]
    return torch.cat([part.flatten() for part in parts])


def _losses(model: Model, x_0: Tensor, index: Tensor, generator: torch.Generator) -> Tensor:
    rows = torch.randint(len(x_0), (len(index),), generator=generator)
    pictures = x_0[rows]
    noise = torch.empty_like(pictures).normal_(generator=generator)
    losses: Tensor = TrainingLoss("vlb")(model.process, model.network, pictures, index, noise)
    return losses
