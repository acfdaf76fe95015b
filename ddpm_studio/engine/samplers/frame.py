"""Frames of a reverse process, which every sampler yields."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from torch import Tensor

from ddpm_studio.engine.checks import check_pictures
from ddpm_studio.engine.noise import PictureNoise


@dataclass(frozen=True)
class Frame:
    """One moment of the reverse process.

    Args:
        t: as the paper counts: T before the first step, 0 for the finished picture.
        x_t: shape (N, C, H, W).
        x0_hat: x̂_0 predicted from x_t, shape of x_t; x_0 itself at t = 0.
        eps: ε̂ predicted from x_t, shape of x_t; the last one again at t = 0.
        index: 0 for the first frame … ``total`` for the last.
        total: steps of the whole trajectory, each with its Frame before it.
    """

    t: int
    x_t: Tensor
    x0_hat: Tensor
    eps: Tensor
    index: int
    total: int


Frames = Generator[Frame, None, Tensor]


def check_start(x_t: Tensor, noise: PictureNoise) -> None:
    """Refuse a start that no sampler can walk from.

    Raises:
        ValueError: if x_t is no batch of pictures, or the noise has not one stream for each.
    """
    check_pictures("x_t", x_t)
    if len(noise) != len(x_t):
        raise ValueError(f"{len(x_t)} pictures need as many streams of noise, not {len(noise)}")
