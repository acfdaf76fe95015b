"""An optimiser: what a training asks of one, for each parameter of its network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ddpm_studio.engine.optimizers.adam import load_into


class SignDescent:
    """Every number goes down its slope by the learning rate [Signum, Bernstein et al. 2018].

    Args:
        network: whose parameters are optimised.
        momentum: share of the earlier slopes in the one whose sign counts.
    """

    def __init__(self, network: nn.Module, momentum: float) -> None:
        self.parameters = dict(network.named_parameters())
        self.slopes = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        self.momentum = momentum

    @torch.no_grad()
    def step(self, lr: float, finite: Tensor) -> None:
        """Take a step, unless loss or gradient are no finite numbers."""
        for name, p in self.parameters.items():
            if p.grad is not None:
                slope = self.slopes[name]
                slope.copy_(torch.where(finite, p.grad.lerp(slope, self.momentum), slope))
                p.sub_(torch.where(finite, lr * slope.sign(), 0))

    def tensors(self) -> dict[str, Tensor]:
        """Return the slopes."""
        return {f"slope.{name}": slope for name, slope in self.slopes.items()}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take up slopes."""
        for name, slope in self.slopes.items():
            load_into(tensors, f"slope.{name}", slope)
