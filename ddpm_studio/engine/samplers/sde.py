"""Samplers of the variance-preserving SDE and of Langevin dynamics [SDE; Song & Ermon 2019].

The score is −ε̂/√(1−ᾱ).
"""

from __future__ import annotations

import math

from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_positive
from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess, std_of
from ddpm_studio.engine.samplers.frame import Frame, Frames, check_start


def euler_maruyama(
    process: DiffusionProcess, model: Denoiser, x_t: Tensor, noise: PictureNoise
) -> Frames:
    """Euler–Maruyama sampler of the reverse VP-SDE dx = [−½βx − β·score] dt + √β dw.

    [SDE eq. 6, 11]. A step's ∫β dt is −log(ᾱ_t/ᾱ_s), so that the SDE follows the schedule at any
    stride.

    Args:
        process: the diffusion process; its schedule ends at the timestep of ``x_t``.
        model: the network.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: one stream per picture.

    Returns:
        x_0, after yielding one Frame for each timestep and one for x_0; the last step adds no
        noise.

    Raises:
        ValueError: for a schedule of zero terminal SNR.
    """
    check_start(x_t, noise)
    s = process.schedule
    s.require_signal("the reverse SDE")
    beta_integrals = (-(-s.betas).log1p()).tolist()
    sigma = s.sqrt_one_minus_alphas_cumprod.tolist()
    for index in reversed(range(s.T)):
        p = process.p_mean_variance(model, x_t, index)
        yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, p.eps, s.T - 1 - index, s.T)
        eps, b = p.eps, beta_integrals[index]
        x_t = (1 + b / 2) * x_t - b / sigma[index] * eps
        if index > 0:
            x_t = x_t + math.sqrt(b) * noise.draw(x_t.shape[1:])
    yield Frame(0, x_t, x_t, eps, s.T, s.T)
    return x_t


def predictor_corrector(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    corrections: int = 1,
    snr: float = 0.16,
) -> Frames:
    """Predictor–corrector sampler: ancestral steps, each followed by Langevin steps at the new t.

    [SDE Algorithms 3, 5]

    Args:
        process: as in :func:`euler_maruyama`; its variance is the predictor's σ_t².
        model: the network.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: one stream per picture.
        corrections: Langevin steps after each predictor step, one evaluation each; 0 or more.
        snr: signal-to-noise ratio of a correction: its step size is 2·α·(snr·‖z‖/‖score‖)².

    Returns:
        x_0, after yielding one Frame for each timestep and one for x_0.

    Raises:
        ValueError: if a number is out of range.
    """
    check_start(x_t, noise)
    check_integer("corrections", corrections, 0)
    check_positive("the signal-to-noise ratio", snr)
    s = process.schedule
    sigma, alphas = s.sqrt_one_minus_alphas_cumprod.tolist(), s.alphas.tolist()
    for index in reversed(range(s.T)):
        p = process.p_mean_variance(model, x_t, index)
        yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, p.eps, s.T - 1 - index, s.T)
        x_t, eps = p.mean, p.eps
        if index == 0:
            break
        x_t = x_t + std_of(p.log_variance) * noise.draw(x_t.shape[1:])
        for _ in range(corrections):
            score = process.p_mean_variance(model, x_t, index - 1).eps / -sigma[index - 1]
            z = noise.draw(x_t.shape[1:])
            # Norms per picture, so that a picture does not depend on its batch.
            ratio = snr * _norm(z) / _norm(score).clamp_min(1e-12)
            step = 2 * alphas[index - 1] * ratio.square()
            x_t = x_t + step * score + (2 * step).sqrt() * z
    yield Frame(0, x_t, x_t, eps, s.T, s.T)
    return x_t


def annealed_langevin(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    repeats: int = 5,
    step_size: float = 0.2,
) -> Frames:
    """Annealed Langevin dynamics at decreasing noise levels: slow, but instructive.

    In x̃ = x/√ᾱ with noise σ, a step is x̃ − ½·step_size·σ·ε̂ + √step_size·σ·z
    [Song & Ermon 2019, Algorithm 1].

    Args:
        process: as in :func:`euler_maruyama`.
        model: the network.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: one stream per picture.
        repeats: Langevin steps at each timestep, 1 or more.
        step_size: step size in units of σ².

    Returns:
        x̂_0 predicted at t = 1, after yielding one Frame for each timestep and one for x_0.

    Raises:
        ValueError: if a number is out of range.
    """
    check_start(x_t, noise)
    check_integer("repeats", repeats, 1)
    check_positive("the step size", step_size)
    s = process.schedule
    s.require_signal("annealed Langevin dynamics")
    scale, sigma = s.sqrt_alphas_cumprod.tolist(), s.sigmas.tolist()
    for index in reversed(range(s.T)):
        p = process.p_mean_variance(model, x_t, index)
        yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, p.eps, s.T - 1 - index, s.T)
        for repeat in range(repeats):
            if repeat > 0:
                p = process.p_mean_variance(model, x_t, index)
            move = math.sqrt(step_size) * noise.draw(x_t.shape[1:]) - step_size / 2 * p.eps
            x_t = x_t + scale[index] * sigma[index] * move
        if index > 0:
            x_t = x_t * (scale[index - 1] / scale[index])
    p = process.p_mean_variance(model, x_t, 0)
    yield Frame(0, p.x0_hat, p.x0_hat, p.eps, s.T, s.T)
    return p.x0_hat


def _norm(x: Tensor) -> Tensor:
    return x.square().sum((1, 2, 3), keepdim=True).sqrt()
