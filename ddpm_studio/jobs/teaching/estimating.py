"""Monte Carlo estimators of a picture's bound, and the equivalent predictions of a network."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ddpm_studio.engine import PictureNoise
from ddpm_studio.engine.generators import map_events
from ddpm_studio.engine.levels import Coefficient
from ddpm_studio.engine.likelihood.estimators import chain_estimates
from ddpm_studio.engine.likelihood.likelihood import bound_noise, to_float64
from ddpm_studio.engine.parameterizations.named import parameterization
from ddpm_studio.engine.pixels import to_float16
from ddpm_studio.jobs.drawing.drawing import check_t
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.pictures import to_latent
from ddpm_studio.jobs.drawing.sampling_defaults import with_default_clipping
from ddpm_studio.jobs.events import Event, Pictures, Progress, Table
from ddpm_studio.jobs.frames import SCALES, to_levels
from ddpm_studio.jobs.measuring.measuring import labelled_network, measured_process
from ddpm_studio.jobs.teaching.results import BoundEstimates, Predictions
from ddpm_studio.requests import PictureMeasureRequest

STEPS, CHAINS = 50, 32
"""Defaults: number of timesteps, and of chains."""


def bound_estimates(
    request: PictureMeasureRequest,
    picture: Pictures,
    models: ModelStore,
    *,
    chains: int = CHAINS,
    steps: int = STEPS,
) -> Generator[Event, None, BoundEstimates]:
    """Estimate one picture's bound along Markov chains, by equation 3 and by equation 5.

    The chains use at most ``steps`` evenly spaced timesteps: this is a model of its own, whose
    bound is larger. The network is evaluated once for each step of each chain.

    Args:
        request: the model, its weights, and the seed.
        picture: uint8 (H, W, C), of the model's shape.
        models: store of models.
        chains: number of chains, at least 2.
        steps: number of timesteps, at least 1; limited to the model's T.

    Yields:
        Progress.

    Raises:
        StudioError: if the run can't be read, the picture does not fit, or it is a student.
    """
    model = models.get(request.run, request.weights, request.device)
    process = measured_process(model, with_default_clipping(model, request))
    schedule = process.schedule.strided(min(steps, process.schedule.T))
    process = replace(process, schedule=schedule)
    noise = PictureNoise(request.seed, range(chains), "cpu")
    x_0 = to_float64(to_latent(picture, model))
    job = chain_estimates(process, labelled_network(model, request), x_0, noise)
    estimates = yield from map_events(
        job, lambda done: Progress(done, schedule.T, "Walking chains", "steps")
    )
    one_ratio, one_divergence = estimates.single_t_estimates(
        torch.Generator().manual_seed(request.seed)
    )
    return BoundEstimates(
        _table(estimates.by_ratios),
        _table(estimates.by_divergences),
        _table(one_ratio),
        _table(one_divergence),
        _table(schedule.timesteps + 1),
        _table(estimates.ratios.std(0)),
        _table(estimates.terms.std(0)),
    )


def predictions(
    request: PictureMeasureRequest, picture: Pictures, t: int, models: ModelStore
) -> Predictions:
    """Compare the possible targets of a network at t with this network's predictions.

    Whatever the network predicts, its output is converted to μ_θ, ε̂ and x̂_0 [DDPM §3.2].

    Raises:
        StudioError: if the run can't be read, the picture does not fit, or t is not in 0..T;
            0 counts as t = 1.
    """
    model = models.get(request.run, request.weights, request.device)
    check_t(model, t)
    process = replace(measured_process(model, request), clip_x0=False)
    schedule, index = process.schedule, max(1, t) - 1
    x_0 = to_float64(to_latent(picture, model))
    noise = bound_noise(request.seed, schedule.T, [0], [index], x_0)
    x_t = process.q_sample(x_0, index, noise)
    with torch.no_grad():
        p = process.p_mean_variance(labelled_network(model, request), x_t, index)
    true = {"mu": process.q_posterior_mean(x_0, x_t, index), "eps": noise, "x0": x_0}
    prediction = {"mu": p.mean, "eps": p.eps, "x0": p.x0_hat}
    coefficients = process.coefficients(torch.arange(schedule.T), schedule.betas)
    eps_factor = parameterization("eps").c_out(coefficients)
    factors = {
        name: _absolute_table(eps_factor / parameterization(name).c_out(coefficients))
        for name in ("mu", "x0")
    }
    return Predictions(
        index + 1,
        to_picture(x_t),
        {name: to_picture(x, name) for name, x in true.items()},
        {name: to_picture(x, name) for name, x in prediction.items()},
        {name: float((prediction[name] - true[name]).square().mean().sqrt()) for name in true},
        factors,
    )


def to_picture(x: Tensor, kind: str = "") -> Pictures:
    """Return the first of a batch as a picture (H, W, C), scaled by ±3 for ε, else by ±1."""
    scale = SCALES["eps"] if kind == "eps" else 1.0
    levels: Pictures = to_levels(to_float16(x.float(), scale).cpu().numpy(), scale)[0]
    return levels


def _table(x: Tensor) -> Table:
    table: Table = x.double().cpu().numpy()
    return table


def _absolute_table(x: Coefficient) -> Table:
    return np.abs(_table(torch.as_tensor(x)).reshape(-1))
