"""Pixel values as features, to be projected onto their principal components."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np
import torch

from ddpm_studio.metrics.features.resizing import channels_first, describe_resize, shrink_to
from ddpm_studio.metrics.features.space import Basis, Features, Pictures
from ddpm_studio.progress import Progress

# With more pixels the covariance would take too long.
_SIDE = 32


class PixelSpace:
    """Feature space of all pixel values, in −1..1, of pictures shrunk to at most 32 × 32.

    Args:
        size: (H, W) of the pictures.
        channels: channels of the pictures, without alpha.
        are_bands: whether they are bands, of which none is alpha.
    """

    def __init__(self, size: tuple[int, int], channels: int, are_bands: bool = False) -> None:
        self._size, self._are_bands = size, are_bands
        shrunk = shrink_to(torch.empty(1, channels, *size), _SIDE)
        self._shrunk = (shrunk.shape[2], shrunk.shape[3])
        self._dimensions = shrunk[0].numel()

    @property
    def title(self) -> str:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return f"{self._dimensions:,} values of the pixels"

    @property
    def details(self) -> Mapping[str, object]:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return {"pictures_seen_as": describe_resize(*self._size, self._shrunk)}

    def __call__(self, pictures: Pictures, /) -> Features:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        x = shrink_to(channels_first(pictures, self._are_bands), _SIDE) / 127.5 - 1
        return np.asarray(x.flatten(1).double().numpy())


def pixel_space(basis: Basis) -> Generator[Progress, None, PixelSpace]:
    """Create the feature space of a set's pixels; yields nothing."""
    yield from ()
    channels = channels_first(basis.images[:1], basis.are_bands).shape[1]
    size = (basis.images.shape[1], basis.images.shape[2])
    return PixelSpace(size, channels, basis.are_bands)
