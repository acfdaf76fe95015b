"""Frames: intermediate states of the reverse process, as every sampler yields them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from torch import Tensor

from ddpm_studio.engine.checks import check_pictures
from ddpm_studio.engine.noise import PictureNoise


@dataclass(frozen=True)
class Frame:
    """Intermediate state of the reverse process.

    Args:
        t: timestep as counted in the paper: T before the first step, 0 for the finished picture.
        x_t: noisy pictures, shape (N, C, H, W).
        x0_hat: x̂_0 predicted from x_t, shape of x_t; x_0 itself at t = 0.
        eps: ε̂ predicted from x_t, shape of x_t; the previous one again at t = 0.
        index: 0 for the first frame … ``total`` for the last.
        total: steps of the whole trajectory; each is preceded by its Frame.
    """

    t: int
    x_t: Tensor
    x0_hat: Tensor
    eps: Tensor
    index: int
    total: int


Frames = Generator[Frame, None, Tensor]


def check_start(x_t: Tensor, noise: PictureNoise) -> None:
    """Check the start of a sampler's trajectory.

    Raises:
        ValueError: if x_t is not a batch of pictures, or the noise does not have one stream for
            each.
    """
    check_pictures("x_t", x_t)
    if len(noise) != len(x_t):
        raise ValueError(f"{len(x_t)} pictures need as many streams of noise, not {len(noise)}")
