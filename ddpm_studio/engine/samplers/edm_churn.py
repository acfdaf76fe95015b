"""EDM's stochastic sampler: Heun steps after a little added noise, "churn" [EDM Algorithm 2]."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_number, check_positive
from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers.edm import heun_step, step_from_pure_noise
from ddpm_studio.engine.samplers.frame import Frame, Frames, check_start
from ddpm_studio.engine.tables.samplers import S_CHURN, S_NOISE, S_TMAX, S_TMIN

# Upper bound of γ: no more noise is added than is already present [EDM §4].
_MAX_GAMMA = math.sqrt(2) - 1


def edm_churn(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    frame_indices: Iterable[int] | None = None,
    s_churn: float = S_CHURN.default,
    s_tmin: float = S_TMIN.default,
    s_tmax: float = S_TMAX.default,
    s_noise: float = S_NOISE.default,
) -> Frames:
    """EDM's stochastic sampler: raise σ to σ̂ = (1 + γ)σ by new noise, then take a Heun step.

    γ = min(S_churn/steps, √2 − 1) for S_tmin ≤ σ ≤ S_tmax, else 0; the last step is Euler's. σ̂ is
    rounded to the nearest noise level that the network was trained at, and is never above that of
    the start.

    Args:
        process: the diffusion process; its schedule ends at the timestep of ``x_t``, and σ̂ may be
            any of its levels.
        model: the network.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: one stream per picture; used where γ raises σ to another level.
        frame_indices: indices of the steps, 0..T−1, the last one always among them; None: all.
        s_churn: S_churn, 0 or more; at 0 this is :func:`~ddpm_studio.engine.samplers.heun`.
        s_tmin: S_tmin, the lowest σ at which noise is added, 0 or more.
        s_tmax: S_tmax, the highest such σ, S_tmin or more; may be ∞.
        s_noise: S_noise, factor on the standard deviation of the new noise, above 0.

    Returns:
        x_0, after yielding one Frame for each step and one for x_0. A Frame's x̂_0 is predicted
        after the churn, and its ε̂ is the one consistent with that x̂_0 and its x_t.

    Raises:
        ValueError: if a number or an index is out of range.
    """
    check_start(x_t, noise)
    check_number("S_churn", s_churn, 0)
    if not 0 <= s_tmin <= s_tmax:
        raise ValueError(f"0 ≤ S_tmin ≤ S_tmax must hold, not S_tmin {s_tmin}, S_tmax {s_tmax}")
    check_positive("S_noise", s_noise)
    T = process.schedule.T
    indices = sorted({*(range(T) if frame_indices is None else frame_indices), T - 1})
    for index in indices:
        check_integer("a moment", index, 0, T - 1)
    gamma = min(s_churn / len(indices), _MAX_GAMMA)
    sigmas = process.schedule.sigmas
    churned = [
        int((sigmas - (1 + gamma) * sigmas[k]).abs().argmin())
        if s_tmin <= float(sigmas[k]) <= s_tmax and math.isfinite(sigmas[k])
        else k
        for k in indices
    ]
    return _sample(process, model, x_t, noise, indices, churned, s_noise)


def _sample(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    indices: list[int],
    churned: list[int],
    s_noise: float,
) -> Frames:
    """Sample over ``indices``, each raised to that in ``churned``, which may be itself."""
    levels = process.schedule.sigmas.tolist()
    # Without churn all numbers equal those of Heun's method, bit for bit.
    steps = replace(process, schedule=process.schedule.keep(torch.tensor(indices)))
    s = steps.schedule
    scale, sigma = s.sqrt_alphas_cumprod.tolist(), s.sigmas.tolist()
    for index in reversed(range(s.T)):
        low, high = indices[index], churned[index]
        if high == low:
            p, sigma_hat = steps.p_mean_variance(model, x_t, index), sigma[index]
            start, eps = x_t / scale[index], p.eps
        else:
            sigma_hat = levels[high]
            added = s_noise * math.sqrt(sigma_hat**2 - levels[low] ** 2) * noise.draw(x_t.shape[1:])
            start = x_t / scale[index] + added
            x_churned = float(process.schedule.sqrt_alphas_cumprod[high]) * start
            p = process.p_mean_variance(model, x_churned, high)
            eps = steps.eps_from_x0(x_t, index, p.x0_hat)
        yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, eps, s.T - 1 - index, s.T)
        if index == 0:
            x_t = p.x0_hat
            break
        if math.isinf(sigma_hat):
            x_t = step_from_pure_noise(steps, p, index - 1)
        else:
            x_t = heun_step(steps, model, start, p.eps, sigma[index - 1] - sigma_hat, index - 1)
    yield Frame(0, x_t, x_t, eps, s.T, s.T)
    return x_t
