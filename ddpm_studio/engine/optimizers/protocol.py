"""Protocol of optimisers."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Optimizer(Protocol):
    """Changes the weights of one network by their gradients."""

    def step(self, lr: float, finite: Tensor) -> None:
        """Take a step with the gradients that the parameters have now.

        Args:
            lr: the learning rate.
            finite: whether loss and gradient are finite numbers, a bool on the device, shape ();
                where not, neither weights nor state change.
        """
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Return the state as ``key.parameter``, for a checkpoint."""
        ...

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take up a state.

        Raises:
            ValueError: if a tensor is missing or of another shape.
        """
        ...
