"""Mirror symmetry of a set: whether its pictures can be told from their mirror images.

Where they can, random flips teach a network pictures that are not of the set, and it draws them:
of shoes that all point to the left, half of the samples would point to the right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ddpm_studio.engine.batches import PictureRows
from ddpm_studio.metrics.features.resizing import at_most, channels_first

# What is looked at: so many pictures, of large ones fewer, shrunk, for it is the large shapes that
# have sides.
_PICTURES, _FEWER, _BYTES, _SIDE = 2048, 256, 2**28, 8
_AT_ONCE = 64
_SEED = 0
_RIDGE = 1.0
_SYMMETRIC = 0.6


@dataclass(frozen=True)
class MirrorSymmetry:
    """How well pictures are told from their mirror images.

    Args:
        told_apart: share of the pictures that a linear classifier, fitted to others, takes for
            themselves and not for their mirror images: .5 where there is nothing to tell.
        count: how many pictures that is a share of.
    """

    told_apart: float
    count: int

    @property
    def holds(self) -> bool:
        """Whether flips suit the set, as far as so many pictures can tell."""
        deviation = 0.5 / math.sqrt(self.count)
        return self.told_apart - 2 * deviation <= _SYMMETRIC


def mirror_symmetry(images: PictureRows) -> MirrorSymmetry:
    """Measure how well a set's pictures are told from their mirror images.

    A ridge regression of what is odd about the vertical axis, fitted to every other picture and
    tried on those between, and the other way round.

    Args:
        images: uint8 (N, H, W, C), an array or what reads its rows.
    """
    most = min(_PICTURES, max(_FEWER, _BYTES // math.prod(images.shape[1:])))
    rows = np.random.default_rng(_SEED).permutation(len(images))[:most]
    starts = range(0, len(rows), _AT_ONCE)
    shrunk = [at_most(channels_first(images[rows[k : k + _AT_ONCE]]), _SIDE) for k in starts]
    odd = _odd(torch.cat(shrunk))
    halves = odd[0::2], odd[1::2]
    right = sum(
        int((tried @ _direction(fitted) > 0).sum())
        for fitted, tried in (halves, halves[::-1])
        if len(fitted)
    )
    return MirrorSymmetry(right / len(odd), len(odd))


def _odd(x: Tensor) -> Tensor:
    """What mirroring changes the sign of, (N, C, H, W) → (N, D), of mean square 1."""
    odd = (x - x.flip(3))[..., : x.shape[3] // 2].flatten(1)
    return odd / odd.square().mean().sqrt().clamp(min=1e-9)


def _direction(odd: Tensor) -> Tensor:
    """The direction in which pictures lie to one side, and mirrored ones to the other, (D,)."""
    gram = odd.T @ odd / len(odd)
    direction: Tensor = torch.linalg.solve(gram + _RIDGE * torch.eye(len(gram)), odd.mean(0))
    return direction
