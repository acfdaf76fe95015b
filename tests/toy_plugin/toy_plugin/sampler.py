"""A sampler: a generator of Frames that returns x_0."""

from __future__ import annotations

import math

from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, Frame, PictureNoise
from ddpm_studio.engine.process import Denoiser
from ddpm_studio.engine.samplers import Frames


def walk(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    keep: float = 1.0,
) -> Frames:
    """Go from x_t to x̂_0 and back to the timestep before, with ``keep`` of ε̂."""
    s = process.schedule
    for index in reversed(range(s.T)):
        p = process.p_mean_variance(model, x_t, index)
        yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, p.eps, s.T - 1 - index, s.T)
        signal = float(s.alphas_cumprod_prev[index])
        x_t = math.sqrt(signal) * p.x0_hat + keep * math.sqrt(1 - signal) * p.eps
    yield Frame(0, x_t, x_t, p.eps, s.T, s.T)
    return x_t
