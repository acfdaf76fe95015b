"""AdamW: Adam with decoupled weight decay [Loshchilov and Hutter 2019]."""

from __future__ import annotations

import torch
from torch import nn

from ddpm_studio.engine.optimizers.adam import FusedAdam


class AdamW(FusedAdam):
    """AdamW with β₁ = .9, β₂ = .999.

    Args:
        network: the network to optimise.
        weight_decay: λ of θ ← θ − lr·λ·θ.
    """

    def __init__(self, network: nn.Module, weight_decay: float) -> None:
        parameters = dict(network.named_parameters())
        optimizer = torch.optim.AdamW(parameters.values(), weight_decay=weight_decay, fused=True)
        super().__init__(parameters, optimizer)
