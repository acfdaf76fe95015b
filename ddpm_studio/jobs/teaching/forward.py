"""Forward process: diffusing points, the Markov chain of a picture, and its posterior."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise, derive_seed, toy
from ddpm_studio.engine.pixels import to_model, to_uint8
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import Pictures, Points
from ddpm_studio.jobs.teaching.results import (
    DiffusedPoints,
    ForwardChain,
    PosteriorSample,
    PosteriorTables,
)

_SHOWN_POINTS, _ENTROPY_POINTS = 512, 4096
_T_OF_POINTS = 100


def run_point_diffusion(seed: int) -> DiffusedPoints:
    """Diffuse points of eight Gaussians step by step, and estimate their entropy.

    The entropy is the mean over points of −log q(x_t), which is known in closed form.
    """
    schedule = NoiseSchedule.named("linear_scaled", _T_OF_POINTS)
    process = DiffusionProcess(schedule, clip_x0=False)
    generator = torch.Generator().manual_seed(seed)
    x = toy.draw_points("eight_gaussians", _ENTROPY_POINTS, generator)
    states, entropy = list[Points](), list[float]()
    for t in range(_T_OF_POINTS + 1):
        if t:
            noise = torch.randn(x.shape, generator=generator)
            x = process.q_step(x, t - 1, noise)
        states.append(x[:_SHOWN_POINTS].numpy().copy())
        log_density = toy.mixture_log_density(x, schedule, t - 1)
        entropy.append(-float(log_density.mean()) / math.log(2))
    gaussian_entropy = math.log2(2 * math.pi * math.e)
    return DiffusedPoints(tuple(states), np.array(entropy), gaussian_entropy)


def forward_chain(picture: Pictures, count: int, seed: int) -> ForwardChain:
    """Run a picture (H, W, C) through the Markov chain q(x_t|x_{t−1}), step by step.

    Args:
        picture: uint8.
        count: number of states to keep, both ends included.
        seed: seed of the noise.
    """
    process = _paper_process()
    s, T = process.schedule, process.schedule.T
    # Denser at small t, where more changes are visible.
    shown_t = np.unique((np.linspace(0, 1, count) ** 2 * T).round().astype(int))
    x_0 = to_model(torch.from_numpy(picture[None].copy()))
    noise = PictureNoise(seed, [0], "cpu")
    x, states, distance = x_0, [x_0], [0.0]
    for t in range(1, T + 1):
        x = process.q_step(x, t - 1, noise.draw(x_0.shape[1:]))
        if t in shown_t:
            states.append(x)
            noise_part = x - float(s.sqrt_alphas_cumprod[t - 1]) * x_0
            distance.append(float(noise_part.square().mean().sqrt()))
    expected = [0.0, *(float(s.sqrt_one_minus_alphas_cumprod[t - 1]) for t in shown_t[1:])]
    return ForwardChain(
        tuple(int(t) for t in shown_t),
        _pictures(torch.cat(states)),
        np.array(distance),
        np.array(expected),
    )


def posterior_tables() -> PosteriorTables:
    """Return tables of the posterior q(x_{t−1}|x_t, x_0) in the paper's schedule [DDPM eq. 7]."""
    s = _paper_process().schedule
    return PosteriorTables(
        s.posterior_mean_coef_x0.numpy(),
        s.posterior_mean_coef_x_t.numpy(),
        s.posterior_variance.sqrt().numpy(),
        s.betas.sqrt().numpy(),
    )


def sample_posterior(picture: Pictures, t: int, seed: int) -> PosteriorSample:
    """Sample x_t ~ q(x_t|x_0) and x_{t−1} ~ q(x_{t−1}|x_t, x_0) for a picture [DDPM eq. 7].

    Raises:
        StudioError: if t is not 1..T.
    """
    process = _paper_process()
    s = process.schedule
    if not 1 <= t <= s.T:
        raise StudioError(f"t = {t} is out of range.", f"t goes from 1 to {s.T}.")
    x_0 = to_model(torch.from_numpy(picture[None].copy()))
    noise = PictureNoise(derive_seed(seed, 0), [0], "cpu")
    x_t = process.q_sample(x_0, t - 1, noise.draw(x_0.shape[1:]))
    mean = process.q_posterior_mean(x_0, x_t, t - 1)
    std = float(s.posterior_variance[t - 1].sqrt())
    drawn = mean + std * noise.draw(x_0.shape[1:])
    start, noisy, mean_picture, sample_picture = (_pictures(x)[0] for x in (x_0, x_t, mean, drawn))
    weights = float(s.posterior_mean_coef_x0[t - 1]), float(s.posterior_mean_coef_x_t[t - 1])
    return PosteriorSample(t, start, noisy, mean_picture, sample_picture, weights, std)


def _paper_process() -> DiffusionProcess:
    return DiffusionProcess(NoiseSchedule.named("linear", 1000))


def _pictures(x: Tensor) -> Pictures:
    pictures: Pictures = to_uint8(x).numpy()
    return pictures
