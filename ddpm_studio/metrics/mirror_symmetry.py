"""Mirror symmetry of a set: whether pictures can be distinguished from their mirror images.

If so, random horizontal flips would teach a network pictures that are not in the distribution: of
shoes that all point to the left, half of the samples would point to the right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ddpm_studio.engine.batches import PictureRows
from ddpm_studio.metrics.features.resizing import channels_first, shrink_to

# Pictures to examine, their minimum for large ones, the memory for them, and the side to which they
# are shrunk, since it is the large shapes that are asymmetric.
_MAX_PICTURES, _MIN_PICTURES, _MEMORY_BYTES, _SIDE = 2048, 256, 2**28, 8
_CHUNK = 64
_SEED = 0
_RIDGE = 1.0
_MAX_ACCURACY = 0.6


@dataclass(frozen=True)
class MirrorSymmetry:
    """Result of the mirror-symmetry test.

    Args:
        accuracy: accuracy with which a linear classifier, fitted to other pictures, distinguishes
            pictures from their mirror images: .5 for a symmetric set.
        count: number of pictures tested.
    """

    accuracy: float
    count: int

    @property
    def is_symmetric(self) -> bool:
        """Whether flips suit the set: the accuracy less two standard errors is at most .6."""
        deviation = 0.5 / math.sqrt(self.count)
        return self.accuracy - 2 * deviation <= _MAX_ACCURACY


def mirror_symmetry(images: PictureRows, are_bands: bool = False) -> MirrorSymmetry:
    """Measure how well a set's pictures can be distinguished from their mirror images.

    Ridge regression on the odd part under reflection, with two-fold cross-validation.

    Args:
        images: pictures, uint8 (N, H, W, C): an array or a reader of rows.
        are_bands: whether the channels are bands, of which none is alpha.
    """
    count = min(_MAX_PICTURES, max(_MIN_PICTURES, _MEMORY_BYTES // math.prod(images.shape[1:])))
    rows = np.random.default_rng(_SEED).permutation(len(images))[:count]
    starts = range(0, len(rows), _CHUNK)
    chunks = (channels_first(images[rows[k : k + _CHUNK]], are_bands) for k in starts)
    odd = _odd_part(torch.cat([shrink_to(chunk, _SIDE) for chunk in chunks]))
    halves = odd[0::2], odd[1::2]
    correct = sum(
        int((tested @ _ridge_direction(fitted) > 0).sum())
        for fitted, tested in (halves, halves[::-1])
        if len(fitted)
    )
    return MirrorSymmetry(correct / len(odd), len(odd))


def _odd_part(x: Tensor) -> Tensor:
    """Odd part under reflection, whose sign flips: (N, C, H, W) → (N, D), of mean square 1."""
    odd = (x - x.flip(3))[..., : x.shape[3] // 2].flatten(1)
    return odd / odd.square().mean().sqrt().clamp(min=1e-9)


def _ridge_direction(odd: Tensor) -> Tensor:
    """Ridge-regression direction that separates pictures (positive) from mirrored ones, (D,)."""
    gram = odd.T @ odd / len(odd)
    direction: Tensor = torch.linalg.solve(gram + _RIDGE * torch.eye(len(gram)), odd.mean(0))
    return direction
