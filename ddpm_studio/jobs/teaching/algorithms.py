"""Algorithms 1 and 2 of the paper, line by line, with all values [DDPM §3.2, 3.4]."""

from __future__ import annotations

import copy
from collections.abc import Generator
from dataclasses import replace

import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, PictureNoise, derive_seed
from ddpm_studio.engine.optimizers import optimizer
from ddpm_studio.engine.process import Denoiser, std_of
from ddpm_studio.engine.samplers import SAMPLERS
from ddpm_studio.engine.samplers.run_sampler import timestep_grid
from ddpm_studio.jobs.drawing.drawing import (
    check_steps,
    evaluator_for,
    picture_shape,
    requested_process,
)
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.pictures import to_latent
from ddpm_studio.jobs.drawing.sampling_defaults import with_default_class, with_process_defaults
from ddpm_studio.jobs.events import Event, Pictures, Progress
from ddpm_studio.jobs.measuring.measuring import labelled_network, measured_process
from ddpm_studio.jobs.teaching.estimating import to_picture
from ddpm_studio.jobs.teaching.results import SamplingStep, TrainingStep
from ddpm_studio.requests import PictureMeasureRequest, SampleRequest

# So small that a single picture at a single t does not spoil a trained network.
_RATE = 2e-5


def training_step(
    request: PictureMeasureRequest, picture: Pictures, seed: int, models: ModelStore
) -> TrainingStep:
    """Run Algorithm 1 once for one picture (H, W, C), on a copy of the network.

    If the network predicts something else than ε, its output is converted to ε_θ.

    Raises:
        StudioError: if the run can't be read, the picture does not fit, or it is a student.
    """
    model = models.get(request.run, request.weights, request.device)
    process = replace(measured_process(model, request), clip_x0=False)
    network = labelled_network(model, request)
    network.network = copy.deepcopy(network.network).requires_grad_(True)
    x_0 = to_latent(picture, model)
    generator = torch.Generator().manual_seed(derive_seed(seed, 1))
    index = int(torch.randint(process.schedule.T, (1,), generator=generator))
    eps = PictureNoise(derive_seed(seed, 2), [0], "cpu").draw(x_0.shape[1:]).to(x_0)
    x_t = process.q_sample(x_0, index, eps)

    def error() -> Tensor:
        return eps - process.p_mean_variance(network, x_t, index).eps

    adam = optimizer("adam", network.network)
    with torch.enable_grad():
        residual = error()
        mean_error = residual.square().mean()
        mean_error.backward()  # type: ignore[no-untyped-call]
    loss = mean_error.detach()
    gradients = [tensor.grad for tensor in network.network.parameters() if tensor.grad is not None]
    gradient_norm = float(
        torch.linalg.vector_norm(torch.stack([tensor.norm() for tensor in gradients]))
    )
    adam.step(_RATE, torch.isfinite(loss))
    with torch.no_grad():
        loss_after = float(error().square().mean())
    prediction = eps - residual.detach()
    return TrainingStep(
        picture,
        index + 1,
        to_picture(eps, "eps"),
        float(process.schedule.sqrt_alphas_cumprod[index]),
        float(process.schedule.sqrt_one_minus_alphas_cumprod[index]),
        to_picture(x_t),
        to_picture(prediction, "eps"),
        to_picture(residual.detach(), "eps"),
        float(loss),
        gradient_norm,
        _RATE,
        loss_after,
        {
            name: _center_value(x)
            for name, x in (("x0", x_0), ("eps", eps), ("x_t", x_t), ("told", prediction))
        },
    )


def sampling_steps(
    request: SampleRequest, models: ModelStore
) -> Generator[Event, None, list[SamplingStep]]:
    """Draw one picture from noise by Algorithm 2, and return all values of each step.

    Args:
        request: the settings; ``steps`` of the T timesteps are kept.
        models: store of models.

    Yields:
        Progress.

    Raises:
        StudioError: if the run can't be read or a setting is out of range.
    """
    model = models.for_drawing(request.run, request)
    request = with_process_defaults(model, with_default_class(model, request))
    if request.steps is not None:
        check_steps(model, request.steps)
    noise = PictureNoise(request.seed, [0], model.device)
    x_t = noise.draw(picture_shape(model))
    schedule = model.process.schedule
    timesteps = timestep_grid(SAMPLERS["ddpm"], schedule, request.steps)
    process = replace(requested_process(model, request), schedule=schedule.keep(timesteps))
    total = process.schedule.T
    network = evaluator_for(model, request, total)
    steps = list[SamplingStep]()
    for index in reversed(range(total)):
        x_t, step = _sampling_step(process, network, x_t, index, noise)
        steps.append(step)
        yield Progress(len(steps), total, "Sampling", "steps")
    return steps


def _sampling_step(
    process: DiffusionProcess, network: Denoiser, x_t: Tensor, index: int, noise: PictureNoise
) -> tuple[Tensor, SamplingStep]:
    """Sample x_{t−1} ~ p_θ(x_{t−1}|x_t); return it with all intermediate values."""
    s = process.schedule
    p = process.p_mean_variance(network, x_t, index)
    z = noise.draw(x_t.shape[1:]) if index else torch.zeros_like(x_t)
    sigma = torch.as_tensor(std_of(p.log_variance) if index else 0.0)
    x_before = p.mean + sigma * z
    alpha, share = float(s.alphas[index]), float(s.sqrt_one_minus_alphas_cumprod[index])
    parts = {"x_t": x_t, "told": p.eps, "z": z, "x_before": x_before}
    return x_before, SamplingStep(
        int(s.timesteps[index]) + 1,
        int(s.timesteps[index - 1]) + 1 if index else 0,
        to_picture(x_t),
        to_picture(p.eps, "eps"),
        to_picture(z, "eps"),
        to_picture(x_before),
        alpha,
        (1 - alpha) / share,
        _center_value(sigma.expand_as(x_t)),
        {name: _center_value(x) for name, x in parts.items()},
    )


def _center_value(x: Tensor) -> float:
    """Return the value in the middle of the first picture's first channel."""
    return float(x[0, 0, x.shape[2] // 2, x.shape[3] // 2])
