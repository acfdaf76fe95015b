"""DPM-Solver++: exponential integrators on x̂_0, from the steps before [Lu et al. 2022]."""

from __future__ import annotations

import math
from typing import Literal

from torch import Tensor

from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers.frame import Frame, Frames


def dpm_solver(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    order: Literal[1, 2] = 2,
    sde: bool = False,
) -> Frames:
    """Walk from the last timestep of the schedule to x_0 in λ = log(√ᾱ/√(1−ᾱ)).

    Args:
        process: its schedule's last timestep is that of ``x_t``.
        model: the network.
        x_t: where to start, shape (N, C, H, W).
        noise: one stream a picture; drawn from by the SDE variant alone.
        order: 2 uses the step before too ("2M", midpoint); 1 is DDIM.
        sde: the SDE variant, which adds noise in each step but the last.

    Returns:
        x_0, after one Frame for each timestep and one for x_0. The last step takes x̂_0.
    """
    s = process.schedule
    alpha, sigma = s.sqrt_alphas_cumprod.tolist(), s.sqrt_one_minus_alphas_cumprod.tolist()
    lambdas = [math.log(a / b) for a, b in zip(alpha, sigma, strict=True)]
    before: Tensor | None = None
    for index in reversed(range(s.T)):
        p = process.p_mean_variance(model, x_t, index)
        yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, p.eps, s.T - 1 - index, s.T)
        eps = p.eps
        if index == 0:
            x_t = p.x0_hat
            break
        h = lambdas[index - 1] - lambdas[index]
        direction = p.x0_hat
        if order == 2 and before is not None:
            ratio = (lambdas[index] - lambdas[index + 1]) / h
            direction = direction + (p.x0_hat - before) / (2 * ratio)
        before = p.x0_hat
        shrink = sigma[index - 1] / sigma[index]
        if sde:
            x_t = (
                shrink * math.exp(-h) * x_t
                - alpha[index - 1] * math.expm1(-2 * h) * direction
                + sigma[index - 1] * math.sqrt(-math.expm1(-2 * h)) * noise.draw(x_t.shape[1:])
            )
        else:
            x_t = shrink * x_t - alpha[index - 1] * math.expm1(-h) * direction
    yield Frame(0, x_t, x_t, eps, s.T, s.T)
    return x_t
