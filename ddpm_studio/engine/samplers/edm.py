"""EDM's deterministic samplers: Euler and Heun in σ = √((1−ᾱ)/ᾱ) [EDM Algorithm 1]."""

from __future__ import annotations

import math

from torch import Tensor

from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess, Reverse
from ddpm_studio.engine.samplers.frame import Frame, Frames, check_start


def euler(process: DiffusionProcess, model: Denoiser, x_t: Tensor, noise: PictureNoise) -> Frames:
    """Euler sampler of the ODE dx̃/dσ = ε̂, where x̃ = x/√ᾱ; the same as DDIM with η = 0.

    Args:
        process: the diffusion process; its schedule ends at the timestep of ``x_t``; see
            ``grid.karras``.
        model: the network.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: unused.

    Returns:
        x_0, after yielding one Frame for each timestep and one for x_0.
    """
    check_start(x_t, noise)
    return _integrate(process, model, x_t, correct=False)


def heun(process: DiffusionProcess, model: Denoiser, x_t: Tensor, noise: PictureNoise) -> Frames:
    """Heun sampler of dx̃/dσ = ε̂, with a last Euler step: 2·steps − 1 evaluations.

    Arguments and result as in :func:`euler`.
    """
    check_start(x_t, noise)
    return _integrate(process, model, x_t, correct=True)


def _integrate(process: DiffusionProcess, model: Denoiser, x_t: Tensor, correct: bool) -> Frames:
    s = process.schedule
    scale, sigma = s.sqrt_alphas_cumprod.tolist(), s.sigmas.tolist()
    for index in reversed(range(s.T)):
        p = process.p_mean_variance(model, x_t, index)
        yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, p.eps, s.T - 1 - index, s.T)
        eps = p.eps
        if index == 0:
            x_t = p.x0_hat
            break
        start, step = x_t / scale[index], sigma[index - 1] - sigma[index]
        if math.isinf(step):
            x_t = step_from_pure_noise(process, p, index - 1)
        elif correct:
            x_t = heun_step(process, model, start, eps, step, index - 1)
        else:
            x_t = scale[index - 1] * (start + step * eps)
    yield Frame(0, x_t, x_t, eps, s.T, s.T)
    return x_t


def step_from_pure_noise(process: DiffusionProcess, p: Reverse, index: int) -> Tensor:
    """DDIM step from pure noise x_T (ᾱ_T = 0), where σ is infinite.

    Args:
        process: the diffusion process.
        p: prediction from x_T.
        index: 0..T−1, noise level at which the step ends.
    """
    s = process.schedule
    return (
        float(s.sqrt_alphas_cumprod[index]) * p.x0_hat
        + float(s.sqrt_one_minus_alphas_cumprod[index]) * p.eps
    )


def heun_step(
    process: DiffusionProcess, model: Denoiser, start: Tensor, eps: Tensor, step: float, index: int
) -> Tensor:
    """Take one Heun step to a timestep, with one evaluation there.

    Args:
        process: the diffusion process.
        model: the network.
        start: x̃ = x/√ᾱ at the start of the step, shape (N, C, H, W).
        eps: ε̂ at the start.
        step: change of σ.
        index: 0..T−1, noise level at which the step ends.

    Returns:
        x_t at ``index``.
    """
    scale = float(process.schedule.sqrt_alphas_cumprod[index])
    end = process.p_mean_variance(model, scale * (start + step * eps), index)
    return scale * (start + step * (eps + end.eps) / 2)
