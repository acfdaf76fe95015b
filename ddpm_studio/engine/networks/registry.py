"""Networks by the kinds of :data:`ddpm_studio.engine.tables.NETWORKS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.tables.networks import NETWORKS

#: What version 0.1.0 wrote had no kind, and means this one for ever.
FIRST_KIND = "unet"


def build(config: NetworkConfig) -> Network:
    """Return the network with fresh weights, from torch's global random numbers.

    Raises:
        UnknownNameError: if there is no such kind.
    """
    network: Network = NETWORKS[config.kind].load()(config)
    return network


def outline(config: NetworkConfig) -> Network:
    """Return the network without any numbers: it takes no memory, whatever its size.

    Raises:
        UnknownNameError: if there is no such kind.
    """
    with torch.device("meta"):
        return build(config)


def kind_of(values: Mapping[str, Any]) -> str:
    """Return the kind that stored fields name.

    Raises:
        ValueError: if it is no name.
    """
    kind = values.get("kind", FIRST_KIND)
    if not isinstance(kind, str) or not kind:
        raise ValueError("the kind of a network must be a name")
    return kind


def config_from(values: Mapping[str, Any]) -> NetworkConfig:
    """Read what :meth:`NetworkConfig.to_dict` wrote; without a kind, the paper's U-Net.

    Raises:
        UnknownNameError: if there is no such kind.
        ValueError: if a field is unknown, or a value impossible.
    """
    config: NetworkConfig = NETWORKS[kind_of(values)].load_config().from_dict(values)
    return config


def common_fields(values: Mapping[str, Any]) -> NetworkConfig:
    """Read of any kind's stored fields those that all kinds have; of an unknown one too.

    Raises:
        ValueError: if one is impossible.
    """
    known = NetworkConfig.__dataclass_fields__.keys() | {"image_size"}
    return NetworkConfig.from_dict({k: v for k, v in values.items() if k in known})
