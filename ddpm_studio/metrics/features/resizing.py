"""Pictures as networks take them: in one way for all, so that figures can be compared."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from ddpm_studio.engine.sizes import size_text
from ddpm_studio.picture_shape import opaque

Pictures = npt.NDArray[np.uint8]

#: What the functions below do, for whoever reads a figure.
ON_WHITE = "laid over white"
RESIZED = "bicubic, antialiased"


def channels_first(pictures: Pictures) -> Tensor:
    """uint8 (N, H, W, C) → float32 (N, C, H, W) in 0..255; what has alpha lies over white."""
    shown = torch.from_numpy(np.array(opaque(pictures)))
    return shown.permute(0, 3, 1, 2).float()


def as_rgb(pictures: Pictures) -> Tensor:
    """As :func:`channels_first` with three channels, gray ones three times.

    Raises:
        ValueError: for pictures of more than four channels, which no such network has seen.
    """
    channels = pictures.shape[-1]
    if channels > 4:
        raise ValueError(f"pictures of {channels} bands have no colours")
    x = channels_first(pictures)
    return x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else x


def resized(x: Tensor, height: int, width: int) -> Tensor:
    """Resize (N, C, H, W) with the bicubic filter a = −½, antialiased; as it is if it fits.

    What the filter overshoots 0..255 by is cut off.
    """
    if x.shape[2:] == (height, width):
        return x
    size = (height, width)
    return functional.interpolate(x, size, mode="bicubic", antialias=True).clamp(0, 255)


def at_most(x: Tensor, side: int) -> Tensor:
    """Shrink (N, C, H, W) so that no side is longer than ``side`` pixels; never enlarge."""
    height, width = x.shape[2:]
    scale = side / max(height, width, side)
    return resized(x, max(1, round(height * scale)), max(1, round(width * scale)))


def size_told(height: int, width: int, to: tuple[int, int]) -> str:
    """Say how pictures of a size were brought to another."""
    if (height, width) == to:
        return f"{size_text(width, height)} px"
    return f"{size_text(width, height)} px → {size_text(to[1], to[0])} px, {RESIZED}"
