"""Progressive decoding of one picture: a receiver's x̂_0 at each t [DDPM §4.3, Fig. 5]."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_shape
from ddpm_studio.engine.likelihood.likelihood import bound_noise, to_float64
from ddpm_studio.engine.process import Denoiser, DiffusionProcess


@dataclass(frozen=True)
class Decoding:
    """State of progressive decoding at one t; tensors of shape (1, C, H, W).

    ``distortion`` is the RMSE of x̂_0 on the scale 0..255; ``t`` counts from 1 as in the paper.
    """

    t: int
    x_t: Tensor
    x0_hat: Tensor
    eps: Tensor
    distortion: float


def progressive_decoding(
    process: DiffusionProcess, model: Denoiser, x0: Tensor, t: Sequence[int], seed: int
) -> Iterator[Decoding]:
    """Progressive decoding: a receiver's x̂_0 from x_t ~ q(x_t|x_0), at each t [DDPM §4.3].

    The noise is that of picture 0 in a measurement of the bound with the same seed.

    Args:
        process: the diffusion process, over its whole schedule.
        model: the network.
        x0: one picture, shape (1, C, H, W).
        t: timesteps 1..T, in the order of the results.
        seed: 0..2^63−1.

    Yields:
        The state at each t.

    Raises:
        ValueError: if x_0 is not a single picture, or a t is out of range.
    """
    check_shape("x_0", x0, (1, "C", "H", "W"))
    for timestep in t:
        check_integer("t", timestep, 1, process.schedule.T)
    x0 = to_float64(x0)
    for timestep in t:
        noise = bound_noise(seed, process.schedule.T, [0], [timestep - 1], x0)
        with torch.no_grad():
            x_t = process.q_sample(x0, timestep - 1, noise)
            reverse = process.p_mean_variance(model, x_t, timestep - 1)
        rmse = 127.5 * float((reverse.x0_hat - x0).square().mean().sqrt())
        yield Decoding(timestep, x_t, reverse.x0_hat, reverse.eps, rmse)
