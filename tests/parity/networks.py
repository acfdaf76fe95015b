"""Randomised networks, in which every weight matters, unlike in freshly initialised ones."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

from ddpm_studio.engine import UNet, UNetConfig

_Module = TypeVar("_Module", bound=nn.Module)


def random_unet(config: UNetConfig, seed: int = 0) -> UNet:
    """Return a network in evaluation mode without near-zero layers or zero biases."""
    return randomised(UNet(config), seed)


def randomised(model: _Module, seed: int = 0) -> _Module:
    """Randomise the weights of any network in place; return it in evaluation mode."""
    generator = torch.Generator().manual_seed(seed)
    model.eval()
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            fan_in = module.weight[0].numel()
            module.weight.data.normal_(std=fan_in**-0.5, generator=generator)
            if module.bias is not None:
                module.bias.data.normal_(std=0.1, generator=generator)
        elif isinstance(module, nn.GroupNorm):
            module.weight.data.normal_(1, 0.1, generator=generator)
            module.bias.data.normal_(std=0.1, generator=generator)
        elif isinstance(module, nn.Embedding):
            module.weight.data.normal_(generator=generator)
    return model.requires_grad_(False)
