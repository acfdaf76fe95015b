"""DDIM inversion: encode a picture as the latent that decodes to it [DDIM §4.3]."""

from __future__ import annotations

import math
from dataclasses import replace

from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_pictures
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers.frame import Frame, Frames


def ddim_inversion(
    process: DiffusionProcess, model: Denoiser, x_0: Tensor, iterations: int = 1
) -> Frames:
    """DDIM inversion: encode x_0 up to the schedule's last timestep, inverting steps with η = 0.

    DDIM's step down is x_s = a·x_t + b·ε̂(x_t, t); going up, x_t inside ε̂ is first approximated by
    x_s (the usual inversion) and then by the result, in ``iterations`` − 1 fixed-point iterations,
    which tend to the exact inverse. x̂_0 is not clipped, as clipping has no inverse.

    Args:
        process: the diffusion process, with the schedule to decode with.
        model: the network.
        x_0: pictures in [−1, 1], shape (N, C, H, W).
        iterations: evaluations of the network per step, 1 or more.

    Returns:
        The latent x_T, after yielding one Frame for x_0 and one for each timestep.

    Raises:
        ValueError: if ``iterations`` is below 1, or for a schedule of zero terminal SNR, where any
            x_T would be an inverse of x_{T−1}.
    """
    check_integer("iterations", iterations, 1)
    check_pictures("x_0", x_0)
    process.schedule.require_signal("DDIM inversion")
    process = replace(process, clip_x0=False)
    s = process.schedule
    alpha_bar = [1.0, *s.alphas_cumprod.tolist()]
    noise = [0.0, *s.one_minus_alphas_cumprod.tolist()]
    x, t = x_0, 0
    for index in range(s.T):
        ratio = math.sqrt(alpha_bar[index + 1] / alpha_bar[index])
        gain = math.sqrt(noise[index + 1]) - ratio * math.sqrt(noise[index])
        x_next = x
        for _ in range(iterations):
            p = process.p_mean_variance(model, x_next, index)
            x_next = ratio * x + gain * p.eps
        x0_hat = (x - math.sqrt(noise[index]) * p.eps) / math.sqrt(alpha_bar[index])
        yield Frame(t, x, x0_hat, p.eps, index, s.T)
        x, t = x_next, int(s.timesteps[index]) + 1
    yield Frame(t, x, process.x0_from_eps(x, s.T - 1, p.eps), p.eps, s.T, s.T)
    return x
