"""Pixel scaling between uint8 pictures and the network's range [−1, 1]."""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_pictures, check_positive, check_shape

_MOST = torch.finfo(torch.float16).max


def to_model(pictures: Tensor) -> Tensor:
    """uint8 (N, H, W, C) → float32 (N, C, H, W), pixels/127.5 − 1 [DDPM §3.3].

    Raises:
        ValueError: for another shape or type.
    """
    check_shape("pictures", pictures, ("N", "H", "W", "C"))
    if pictures.dtype != torch.uint8:
        raise ValueError(f"pictures must be uint8, not {pictures.dtype}")
    return pictures.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def to_uint8(x: Tensor, scale: float = 1.0) -> Tensor:
    """float (N, C, H, W) → uint8 (N, H, W, C) on the same device; ±``scale`` becomes 0 and 255.

    Rounded, not truncated; what lies outside is clamped.

    Raises:
        ValueError: for another shape or type, or a scale that is not above 0.
    """
    check_pictures("x", x)
    check_positive("the scale", scale)
    return _levels(x.float(), scale).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def to_float16(x: Tensor, scale: float = 1.0) -> Tensor:
    """float (N, C, H, W) → float16 (N, H, W, C) on the same device, of the same pictures.

    Rounded to the nearest number that :func:`to_uint8` makes the same level of, which now and then
    is the second nearest; where that is beyond float16, its largest. Errors as there.
    """
    check_pictures("x", x)
    check_positive("the scale", scale)
    exact = x.float()
    half = exact.clamp(-_MOST, _MOST).half()
    # The bits of a float16, read as an integer, rise with its magnitude: the neighbour towards x.
    step = torch.where(exact.abs() > half.float().abs(), 1, -1).to(torch.int16)
    beside = (half.view(torch.int16) + step).view(torch.float16)
    other = _levels(half.float(), scale) != _levels(exact, scale)
    return torch.where(other, beside, half).permute(0, 2, 3, 1).contiguous()


def _levels(x: Tensor, scale: float) -> Tensor:
    return (x * (127.5 / scale) + 127.5).round().clamp(0, 255)
