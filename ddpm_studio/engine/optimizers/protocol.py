"""Protocol of optimisers."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Optimizer(Protocol):
    """Optimiser of a network's weights, with a flag on the device that skips a step."""

    def step(self, lr: float, finite: Tensor) -> None:
        """Update the weights with the parameters' current gradients.

        Args:
            lr: learning rate.
            finite: whether loss and gradient are finite, a bool on the device, shape (); if not,
                neither weights nor state change.
        """
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Return the state as tensors named ``key.parameter``, for a checkpoint."""
        ...

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore the state from a checkpoint.

        Raises:
            ValueError: if a tensor is missing or has another shape.
        """
        ...
