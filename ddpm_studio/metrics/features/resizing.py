"""Preprocessing of pictures for feature extractors, uniform so that metrics are comparable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from ddpm_studio.engine.sizes import size_text
from ddpm_studio.picture_shape import MAX_COLOUR_CHANNELS, composite_over

Pictures = npt.NDArray[np.uint8]

#: Descriptions of the preprocessing, reported along with a metric.
ON_WHITE = "laid over white"
RESIZED = "bicubic, antialiased"


def channels_first(pictures: Pictures, are_bands: bool = False) -> Tensor:
    """Convert uint8 (N, H, W, C) to float32 (N, C, H, W) in 0..255, alpha composited over white.

    Args:
        pictures: uint8 (N, H, W, C).
        are_bands: whether the channels are bands, of which none is alpha.
    """
    composited = pictures if are_bands else composite_over(pictures)
    return torch.from_numpy(np.array(composited)).permute(0, 3, 1, 2).float()


def as_rgb(pictures: Pictures, are_bands: bool = False) -> Tensor:
    """Convert as :func:`channels_first`, to three channels: gray is repeated.

    Raises:
        ValueError: for bands, except one or three, and for pictures of more than four channels,
            which RGB networks don't support.
    """
    channels = pictures.shape[-1]
    if channels > MAX_COLOUR_CHANNELS or (are_bands and channels not in (1, 3)):
        raise ValueError(f"pictures of {channels} bands have no colours")
    x = channels_first(pictures)
    return x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x


def resize_to(x: Tensor, height: int, width: int) -> Tensor:
    """Resize (N, C, H, W) with an antialiased bicubic filter, a = −½; unchanged if equal in size.

    Overshoot of the filter is clamped to 0..255.
    """
    if x.shape[2:] == (height, width):
        return x
    size = (height, width)
    return functional.interpolate(x, size, mode="bicubic", antialias=True).clamp(0, 255)


def shrink_to(x: Tensor, side: int) -> Tensor:
    """Shrink (N, C, H, W) so that no side is longer than ``side`` pixels; never enlarge."""
    height, width = x.shape[2:]
    scale = side / max(height, width, side)
    return resize_to(x, max(1, round(height * scale)), max(1, round(width * scale)))


def describe_resize(height: int, width: int, size: tuple[int, int]) -> str:
    """Describe how pictures of (height, width) were resized to ``size``."""
    if (height, width) == size:
        return f"{size_text(width, height)} px"
    return f"{size_text(width, height)} px → {size_text(size[1], size[0])} px, {RESIZED}"
