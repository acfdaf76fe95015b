"""Variational bound of one picture and its terms [DDPM eq. 5, 8, 12]."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine.likelihood.bound import eps_weights, value_bits
from ddpm_studio.engine.likelihood.likelihood import bound_noise, to_float64
from ddpm_studio.engine.pixels import to_uint8
from ddpm_studio.engine.process import std_of
from ddpm_studio.jobs.drawing.drawing import check_t
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.pictures import to_latent
from ddpm_studio.jobs.drawing.sampling_defaults import with_default_clipping
from ddpm_studio.jobs.events import BoundParts, Event, Pictures, StepGaussians
from ddpm_studio.jobs.measuring.measuring import labelled_network, measure_picture, measured_process
from ddpm_studio.requests import PictureMeasureRequest


def bound_parts(
    request: PictureMeasureRequest, picture: Pictures, models: ModelStore
) -> Generator[Event, None, BoundParts]:
    """Evaluate each term of the bound for one picture.

    Args:
        request: the model, the picture's class, and the number of timesteps.
        picture: uint8 (H, W, C) of the model's size.
        models: store of models.

    Yields:
        Progress.

    Raises:
        StudioError: if the run can't be read, the picture does not fit, a setting is out of
            range, or the network's output is not finite.
    """
    model = models.get(request.run, request.weights, request.device)
    request = with_default_clipping(model, request)
    process, x0 = measured_process(model, request), to_latent(picture, model)
    # Small batches, so that other requests of the window are served between them.
    bound = yield from measure_picture(
        model, process, x0, request, "Taking the bound apart", max_batch=8
    )
    return BoundParts(
        bound.t.astype(np.float64),
        bound.bits,
        bound.prior,
        bound.middle,
        bound.decoder,
        eps_weights(process).numpy(),
    )


def step_gaussians(
    request: PictureMeasureRequest, picture: Pictures, t: int, models: ModelStore
) -> StepGaussians:
    """Compare q(x_{t−1}|x_t, x_0) with p_θ(x_{t−1}|x_t) for each pixel value.

    x_t has the same noise as in :func:`bound_parts` at this t.

    Raises:
        StudioError: if the run can't be read, the picture does not fit, or t is not in 0..T;
            0 counts as t = 1.
    """
    model = models.get(request.run, request.weights, request.device)
    request = with_default_clipping(model, request)
    check_t(model, t)
    process, x0 = measured_process(model, request), to_float64(to_latent(picture, model))
    index, T = max(1, t) - 1, process.schedule.T
    x_t = process.q_sample(x0, index, bound_noise(request.seed, T, [0], [index], x0))
    with torch.no_grad():
        output = process.predict(labelled_network(model, request), x_t, index)
    p = process.reverse(output, x_t, index)
    log_variance = torch.as_tensor(p.log_variance, dtype=x_t.dtype, device=x_t.device)
    log_variance = log_variance.expand_as(x_t)

    def to_array(x: Tensor) -> npt.NDArray[np.float32]:
        values: npt.NDArray[np.float32] = x[0].permute(1, 2, 0).float().cpu().numpy()
        return values

    return StepGaussians(
        index + 1,
        to_array(process.q_posterior_mean(x0, x_t, index)),
        float(process.schedule.posterior_variance[index]) ** 0.5,
        to_array(p.mean),
        to_array(torch.as_tensor(std_of(log_variance))),
        to_array(value_bits(process, output, x0, x_t, index)),
        to_uint8(x_t)[0].cpu().numpy(),
    )
