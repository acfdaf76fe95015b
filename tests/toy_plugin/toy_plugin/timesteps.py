"""A choice of t."""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine.timesteps import UniformTimesteps


class LateTimesteps(UniformTimesteps):
    """The upper half of the timesteps alone."""

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Return indices of shape (count,)."""
        low = self.T // 2
        index = torch.randint(low, self.T, (count,), generator=generator, device=self.device)
        return index, None
