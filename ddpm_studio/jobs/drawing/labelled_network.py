"""Class-conditional denoiser: a network with given classes."""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine import Network


class LabelledNetwork:
    """The network in float32 as a denoiser, also one that gradients go through.

    Args:
        network: the weights.
        classes: one for each picture of the batch, shape (N,), int64; None: without labels.
    """

    def __init__(self, network: Network, classes: Tensor | None = None) -> None:
        self.network, self.classes = network, classes

    def __call__(self, x: Tensor, t: Tensor, /) -> Tensor:
        """Predict; see :class:`ddpm_studio.engine.process.Denoiser`."""
        x = x.float().contiguous(memory_format=torch.channels_last)
        output: Tensor = self.network(x, t, self.classes)
        return output
