"""DDIM: the non-Markovian family of samplers with DDPM's marginals [DDIM eq. 12]."""

from __future__ import annotations

import math

from torch import Tensor

from ddpm_studio.engine.checks import check_number
from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers.frame import Frame, Frames, check_start


def ddim(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    eta: float = 0.0,
) -> Frames:
    """DDIM sampler from the schedule's last timestep to x_0; deterministic if η = 0.

    The previous timestep is the preceding one in the schedule's own list of kept timesteps, so step
    counts that do not divide T are exact too.

    Args:
        process: the diffusion process; its schedule ends at the timestep of ``x_t``.
        model: the network.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: one stream per picture; unused if η = 0.
        eta: η, from 0 (deterministic) to 1 (variance β̃_t of the ancestral sampler).

    Returns:
        x_0, after yielding one Frame for each timestep and one for x_0.

    Raises:
        ValueError: if η is not 0..1.
    """
    check_start(x_t, noise)
    check_number("eta", eta, 0, 1)
    s = process.schedule
    total = s.T
    for index in reversed(range(total)):
        p = process.p_mean_variance(model, x_t, index)
        yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, p.eps, total - 1 - index, total)
        alpha_bar = float(s.alphas_cumprod_prev[index])
        variance = eta**2 * float(s.posterior_variance[index])
        eps = p.eps
        x_t = math.sqrt(alpha_bar) * p.x0_hat + math.sqrt(max(1 - alpha_bar - variance, 0.0)) * eps
        if eta > 0 and index > 0:
            x_t = x_t + math.sqrt(variance) * noise.draw(x_t.shape[1:])
    yield Frame(0, x_t, x_t, eps, total, total)
    return x_t
