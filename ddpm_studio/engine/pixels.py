"""Pixel scaling between uint8 pictures and the network's range [−1, 1]."""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_pictures, check_positive, check_shape

_FLOAT16_MAX = torch.finfo(torch.float16).max


def to_model(pictures: Tensor) -> Tensor:
    """Scale pixels to [−1, 1]: uint8 (N, H, W, C) → float32 (N, C, H, W) [DDPM §3.3].

    The scaled value is pixel/127.5 − 1.

    Raises:
        ValueError: for another shape or dtype.
    """
    check_shape("pictures", pictures, ("N", "H", "W", "C"))
    if pictures.dtype != torch.uint8:
        raise ValueError(f"pictures must be uint8, not {pictures.dtype}")
    return pictures.permute(0, 3, 1, 2).float().div_(127.5).sub_(1)


def to_uint8(x: Tensor, scale: float = 1.0) -> Tensor:
    """Quantise pictures to 256 levels: float (N, C, H, W) → uint8 (N, H, W, C), same device.

    −``scale`` becomes 0 and +``scale`` 255; values are rounded, and clamped beyond.

    Raises:
        ValueError: for another shape or dtype, or a scale that is not above 0.
    """
    check_pictures("x", x)
    check_positive("the scale", scale)
    return _levels(x.float(), scale).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def to_float16(x: Tensor, scale: float = 1.0) -> Tensor:
    """Convert pictures to float16: float (N, C, H, W) → float16 (N, H, W, C), same device.

    Each value is rounded to the nearest float16 that :func:`to_uint8` maps to the same level as the
    original, which occasionally is the second nearest; values beyond the range of float16 are
    clamped to its largest. Raises the same errors.
    """
    check_pictures("x", x)
    check_positive("the scale", scale)
    exact = x.float()
    half = exact.clamp(-_FLOAT16_MAX, _FLOAT16_MAX).half()
    # The bit pattern of a float16, as an integer, grows with its magnitude: ±1 is the neighbour.
    step = torch.where(exact.abs() > half.float().abs(), 1, -1).to(torch.int16)
    neighbour = (half.view(torch.int16) + step).view(torch.float16)
    differs = _levels(half.float(), scale) != _levels(exact, scale)
    return torch.where(differs, neighbour, half).permute(0, 2, 3, 1).contiguous()


def _levels(x: Tensor, scale: float) -> Tensor:
    return (x * (127.5 / scale) + 127.5).round().clamp(0, 255)
