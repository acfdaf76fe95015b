"""Latents x_t: encode pictures at a chosen t, interpolate latents [DDPM §4.3, 4.4, Fig. 7–9]."""

from __future__ import annotations

import math
from typing import Literal, get_args

import torch
from torch import Tensor

from ddpm_studio.engine.checks import (
    check_batch,
    check_broadcasts,
    check_floating,
    check_integer,
    check_like,
    check_name,
    check_shape,
)
from ddpm_studio.engine.process import DiffusionProcess

Mix = Literal["linear", "spherical"]


def encode(process: DiffusionProcess, x0: Tensor, t: int, noise: Tensor) -> Tensor:
    """Encode pictures as latents x_t ~ q(x_t|x_0) at the paper's t.

    Args:
        process: the diffusion process, over the whole schedule.
        x0: pictures in [−1, 1], shape (N, C, H, W).
        t: 0 (the picture itself) … T.
        noise: ε ~ N(0, I), shape of x0, or one that broadcasts to it.

    Raises:
        ValueError: if t is out of range.
    """
    check_integer("t", t, 0, process.schedule.T)
    check_batch("x_0", x0)
    check_broadcasts("the noise", noise, "x_0", x0)
    return x0 if t == 0 else process.q_sample(x0, t - 1, noise)


def mix(a: Tensor, b: Tensor, lambdas: Tensor, method: Mix = "linear") -> Tensor:
    """Interpolate latents from ``a`` (λ = 0) to ``b`` (λ = 1), linearly or spherically (slerp).

    Linear interpolation is the paper's; at λ = ½ it halves the variance of independent noise.
    Spherical interpolation, along the great circle between both, keeps it.

    Args:
        a: latent, shape (C, H, W).
        b: latent, shape (C, H, W).
        lambdas: shape (K,).
        method: linear or spherical.

    Returns:
        Shape (K, C, H, W); its ends are exactly ``a`` and ``b`` where λ is 0 and 1.

    Raises:
        ValueError: for another ``method``, or shapes that do not match.
    """
    check_name("way to mix", method, get_args(Mix))
    check_shape("a latent", a, ("C", "H", "W"))
    check_like("the latent at λ = 1", b, "the one at λ = 0", a)
    check_floating("a latent", a)
    check_shape("λ", lambdas, ("K",))
    if lambdas.isnan().any():
        raise ValueError("λ must be numbers")
    weight = lambdas.to(a).reshape(-1, 1, 1, 1)
    if method == "linear":
        wa, wb = 1 - weight, weight
    else:
        cosine = torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), dim=0)
        angle = math.acos(max(-1.0, min(1.0, float(cosine))))
        if math.sin(angle) < 1e-6:
            return mix(a, b, lambdas, "linear")
        wa = torch.sin((1 - weight) * angle) / math.sin(angle)
        wb = torch.sin(weight * angle) / math.sin(angle)
        wa = torch.where(weight == 0, 1.0, torch.where(weight == 1, 0.0, wa))
        wb = torch.where(weight == 1, 1.0, torch.where(weight == 0, 0.0, wb))
    return wa * a + wb * b


def mix_corners(corners: Tensor, lambdas: Tensor, method: Mix = "linear") -> Tensor:
    """Interpolate a grid between four latents: :func:`mix` along two sides, then between them.

    Args:
        corners: shape (4, C, H, W): top left, top right, bottom left, bottom right.
        lambdas: positions along each side, shape (K,).
        method: linear or spherical.

    Returns:
        Shape (K·K, C, H, W), in row-major order.

    Raises:
        ValueError: if there are not four corners, or as :func:`mix`.
    """
    check_shape("the corners", corners, (4, "C", "H", "W"))
    top = mix(corners[0], corners[1], lambdas, method)
    bottom = mix(corners[2], corners[3], lambdas, method)
    columns = [mix(a, b, lambdas, method) for a, b in zip(top, bottom, strict=True)]
    return torch.stack(columns, dim=1).flatten(0, 1)


def mix_between(corners: Tensor, points: Tensor, method: Mix = "linear") -> Tensor:
    """Interpolate four latents at given points of the square that :func:`mix_corners` fills.

    Args:
        corners: shape (4, C, H, W): top left, top right, bottom left, bottom right.
        points: (u, v) of each point, u from left to right, v from top to bottom, shape (K, 2).
        method: linear or spherical.

    Returns:
        Shape (K, C, H, W).

    Raises:
        ValueError: if there are not four corners, points are not pairs, or as :func:`mix`.
    """
    check_shape("the corners", corners, (4, "C", "H", "W"))
    check_shape("the points", points, ("K", 2))
    top = mix(corners[0], corners[1], points[:, 0], method)
    bottom = mix(corners[2], corners[3], points[:, 0], method)
    pairs = zip(top, bottom, points[:, 1:], strict=True)
    return torch.cat([mix(a, b, v, method) for a, b, v in pairs])
