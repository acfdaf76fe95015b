"""An optimiser: what a training asks of one, for each parameter of its network."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SignDescent:
    """Every number goes down its slope by the learning rate; there is no state."""

    def __init__(self, network: nn.Module) -> None:
        self.parameters = list(network.parameters())

    @torch.no_grad()
    def step(self, lr: float, finite: Tensor) -> None:
        """Take a step, unless loss or gradient are no finite numbers."""
        for p in self.parameters:
            if p.grad is not None:
                p.sub_(torch.where(finite, lr * p.grad.sign(), 0))

    def tensors(self) -> dict[str, Tensor]:
        """Return nothing."""
        return {}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take up nothing."""
