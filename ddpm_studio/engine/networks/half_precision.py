"""Half precision: copies of networks in bf16 for inference."""

from __future__ import annotations

from typing import TypeVar, cast

import torch

from ddpm_studio.engine.device.memory_format import memory_format
from ddpm_studio.engine.networks.network import Network
from ddpm_studio.engine.networks.registry import build_on_meta

_N = TypeVar("_N", bound=Network)


def to_bf16(network: _N) -> _N:
    """Return a copy of the network with bf16 weights; x, t and the output stay float32.

    Casting the weights once saves autocast's casts at each evaluation. The embedding of t is
    computed in float32. The copy is for inference: it can't be trained.
    """
    weights = {
        name: tensor.to(
            torch.float32 if name.startswith(network.in_float32) else torch.bfloat16, copy=True
        )
        for name, tensor in network.state_dict().items()
    }
    half = build_on_meta(network.config)
    half.load_state_dict(weights, assign=True)
    layout = memory_format(next(half.parameters()).device, "bf16")
    half.to(memory_format=layout)  # type: ignore[call-overload]
    return cast(_N, half.eval().requires_grad_(False))
