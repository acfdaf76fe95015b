"""Ancestral sampling (DDPM) over all timesteps or a strided subset [DDPM Algorithm 2]."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess, std_of
from ddpm_studio.engine.samplers.frame import Frame, Frames, check_start


def ancestral(
    process: DiffusionProcess, model: Denoiser, x_t: Tensor, noise: PictureNoise
) -> Frames:
    """Ancestral sampler: x_{t−1} ~ p_θ(x_{t−1}|x_t) from the schedule's last timestep to x_0.

    Args:
        process: the diffusion process; its schedule ends at the timestep of ``x_t``, and its
            variance is σ_t².
        model: the network.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: one stream per picture.

    Returns:
        x_0, after yielding one Frame for each timestep and one for x_0.
    """
    check_start(x_t, noise)
    total = process.schedule.T
    for index in reversed(range(total)):
        p = process.p_mean_variance(model, x_t, index)
        t = int(process.schedule.timesteps[index]) + 1
        yield Frame(t, x_t, p.x0_hat, p.eps, total - 1 - index, total)
        x_t, eps = p.mean, p.eps
        if index > 0:
            x_t = x_t + std_of(p.log_variance) * noise.draw(x_t.shape[1:])
    yield Frame(0, x_t, x_t, eps, total, total)
    return x_t
