"""Loading weights into a network, and the largest plausible size of a weights file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from torch import Tensor

from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.networks.registry import build_on_meta

_MAX_BYTES_PER_NUMBER = 8
_HEADER_BYTES = 32 << 20


@lru_cache(maxsize=16)
def parameters(config: NetworkConfig) -> int:
    """Return the number of parameters of a network, without allocating it."""
    return sum(parameter.numel() for parameter in build_on_meta(config).parameters())


def max_bytes(config: NetworkConfig, copies: int = 1) -> int:
    """Return an upper bound in bytes for a file of ``copies`` numbers per parameter."""
    return copies * _MAX_BYTES_PER_NUMBER * parameters(config) + _HEADER_BYTES


def network_from_state_dict(config: NetworkConfig, tensors: Mapping[str, Tensor]) -> Network:
    """Build a network from its state dict, in float32.

    No memory is allocated beyond that of the tensors.

    Raises:
        ValueError: if a tensor is missing, left over, of another shape, or not of finite
            floating-point numbers.
    """
    network = build_on_meta(config)
    expected = network.state_dict()
    if missing := sorted(expected.keys() ^ tensors.keys()):
        raise ValueError(f"{missing[0]} is only in one of the two")
    for name, tensor in tensors.items():
        if tensor.shape != expected[name].shape or not tensor.is_floating_point():
            raise ValueError(
                f"{name} is {tensor.dtype} of shape {tuple(tensor.shape)}, the network needs "
                f"{tuple(expected[name].shape)}"
            )
        if not bool(tensor.isfinite().all()):
            raise ValueError(f"{name} holds values that are not finite")
    network.load_state_dict({k: v.float() for k, v in tensors.items()}, assign=True)
    return network
