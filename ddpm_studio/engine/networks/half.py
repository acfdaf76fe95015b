"""A network in bf16, to evaluate with."""

from __future__ import annotations

import torch

from ddpm_studio.engine.device.layout import memory_format
from ddpm_studio.engine.networks.unet import UNet

# In bf16 neighbouring timesteps would be one.
_IN_FLOAT32 = ("time1.", "time2.", "label.")


def in_bf16(network: UNet) -> UNet:
    """Copy the network with weights of half the size; x, t and the output stay float32.

    Casting them once saves autocast's casts at each evaluation. The embedding of t is computed
    in float32. The copy can't be trained.
    """
    weights = {
        name: tensor.to(
            torch.float32 if name.startswith(_IN_FLOAT32) else torch.bfloat16, copy=True
        )
        for name, tensor in network.state_dict().items()
    }
    with torch.device("meta"):
        half = UNet(network.config)
    half.load_state_dict(weights, assign=True)
    layout = memory_format(half.conv_in.weight.device, "bf16")
    half.to(memory_format=layout)  # type: ignore[call-overload]
    return half.eval().requires_grad_(False)
