"""Noise-level sampling in training: log-normal σ, as in EDM."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_positive


class LogNormalSigma:
    """Log-normal noise levels, ln σ ~ N(mean, std²) [EDM Table 1].

    Since ln σ is the logit of the flow time, it is also the logit-normal time of flow matching
    [Esser et al. 2024, §3.1].

    Args:
        T: timesteps of the process; unused.
        device: device of σ.
        mean: P_mean.
        std: P_std.

    Raises:
        ValueError: if ``std`` is not above 0, or the mean is not finite.
    """

    def __init__(
        self, T: int, device: torch.device | str, mean: float = -1.2, std: float = 1.2
    ) -> None:
        if not math.isfinite(mean):
            raise ValueError(f"the mean of ln σ must be finite, not {mean}")
        check_positive("the standard deviation of ln σ", std)
        self.device, self.mean, self.std = torch.device(device), mean, std

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Sample σ, float32 of shape (count,), and None: all weights are 1."""
        z = torch.randn(count, generator=generator, device=self.device)
        return (self.mean + self.std * z).exp(), None

    def update(self, index: Tensor, losses: Tensor) -> None:
        """Do nothing: the distribution is fixed."""

    def tensors(self) -> dict[str, Tensor]:
        """Return no tensors: there is no state."""
        return {}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Do nothing: there is no state."""
