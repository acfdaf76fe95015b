"""Counter-based random numbers: derived from a seed and an index, never from generator history.

A training step draws from (seed, step), a picture from (seed, its number): a resumed run and a
picture drawn again reproduce the first result without any saved generator state.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_seed

_MASK = 2**64 - 1
# Random numbers that a GPU draws ahead for each picture: a kernel launch per step and picture would
# take longer than the network.
_BLOCK = 1 << 14


def derive_seed(seed: int, *indices: int) -> int:
    """Derive a 63-bit seed by hashing a seed with indices (step, picture, …) [SplitMix64]."""
    state = seed & _MASK
    for index in indices:
        state = (state + 0x9E3779B97F4A7C15 * ((index & _MASK) + 1)) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state >> 1


class PictureNoise:
    """Gaussian noise with one random stream per picture.

    Picture k of a seed gets the same noise whatever batch it is drawn in.

    Args:
        seed: 0..2^63−1.
        numbers: the number of each picture in the batch; equal numbers share their noise.
        device: device of the generators and the noise.

    Raises:
        ValueError: if there are no numbers, or a number or the seed is out of range.
    """

    def __init__(self, seed: int, numbers: Sequence[int], device: torch.device | str) -> None:
        if not len(numbers):
            raise ValueError("noise needs the number of at least one picture")
        check_seed(seed)
        if min(numbers) < 0:
            raise ValueError(f"numbers of pictures must be 0 or more, not {min(numbers)}")
        self.device = torch.device(device)
        distinct = sorted(set(numbers))
        self._streams = [
            torch.Generator(self.device).manual_seed(derive_seed(seed, k)) for k in distinct
        ]
        rows = {k: row for row, k in enumerate(distinct)}
        self._rows = [rows[k] for k in numbers]
        self._repeats = self._rows != list(range(len(distinct)))
        self._buffer: list[Tensor] = []

    def __len__(self) -> int:
        return len(self._rows)

    def draw(self, shape: Sequence[int]) -> Tensor:
        """Return float32 standard normal noise of shape (number of pictures, *shape)."""
        if not self._buffer or self._buffer[-1].shape[1:] != tuple(shape):
            count = max(1, _BLOCK // math.prod(shape)) if self.device.type == "cuda" else 1
            drawn = torch.empty((len(self._streams), count, *shape), device=self.device)
            for row, stream in zip(drawn, self._streams, strict=True):
                row.normal_(generator=stream)
            self._buffer = list(reversed(drawn.unbind(1)))
        out = self._buffer.pop()
        return out[self._rows] if self._repeats else out
