"""DDIM as an encoder: from a picture to the latent that leads back to it [DDIM §4.3]."""

from __future__ import annotations

import math
from dataclasses import replace

from torch import Tensor

from ddpm_studio.engine.checks import check_pictures, check_whole
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers.frame import Frame, Frames


def ddim_inversion(
    process: DiffusionProcess, model: Denoiser, x_0: Tensor, iterations: int = 1
) -> Frames:
    """Walk from x_0 up to the last timestep of the schedule, undoing DDIM's η = 0 steps.

    DDIM's step down is x_s = a·x_t + b·ε̂(x_t, t); going up, x_t is at first replaced by x_s
    inside ε̂ (the usual inversion) and then by the result, ``iterations`` − 1 times, which
    tends to the exact inverse. x̂_0 is not clipped: clipping has no inverse.

    Args:
        process: its schedule is the one to decode with.
        model: the network.
        x_0: pictures in [−1, 1], shape (N, C, H, W).
        iterations: evaluations a step, from 1.

    Returns:
        the latent x_T, after one Frame for x_0 and one for each timestep.

    Raises:
        ValueError: if ``iterations`` is below 1, or for a schedule of zero terminal SNR: from
            x_{T−1} every x_T would do.
    """
    check_whole("iterations", iterations, 1)
    check_pictures("x_0", x_0)
    process.schedule.require_signal("DDIM inversion")
    process = replace(process, clip_x0=False)
    s = process.schedule
    bar, noise = [1.0, *s.alphas_cumprod.tolist()], [0.0, *s.one_minus_alphas_cumprod.tolist()]
    x, t = x_0, 0
    for index in range(s.T):
        ratio = math.sqrt(bar[index + 1] / bar[index])
        gain = math.sqrt(noise[index + 1]) - ratio * math.sqrt(noise[index])
        ahead = x
        for _ in range(iterations):
            p = process.p_mean_variance(model, ahead, index)
            ahead = ratio * x + gain * p.eps
        x0_hat = (x - math.sqrt(noise[index]) * p.eps) / math.sqrt(bar[index])
        yield Frame(t, x, x0_hat, p.eps, index, s.T)
        x, t = ahead, int(s.timesteps[index]) + 1
    yield Frame(t, x, process.x0_from_eps(x, s.T - 1, p.eps), p.eps, s.T, s.T)
    return x
