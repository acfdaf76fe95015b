"""Class-conditional denoiser: a network with given class labels."""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine import Network


class LabelledNetwork:
    """A network with given class labels as a float32 denoiser; gradients may pass through it.

    Args:
        network: the network.
        classes: class of each picture of the batch, shape (N,), or one for all, shape (1,), int64;
            None: without labels.
    """

    def __init__(self, network: Network, classes: Tensor | None = None) -> None:
        self.network, self.classes = network, classes

    def __call__(self, x: Tensor, t: Tensor, /) -> Tensor:
        """Predict; see :class:`ddpm_studio.engine.process.Denoiser`."""
        x = x.float().contiguous(memory_format=torch.channels_last)
        classes = None if self.classes is None else self.classes.expand(len(x))
        output: Tensor = self.network(x, t, classes)
        return output
