"""Registry of networks: build them by their kind in :data:`ddpm_studio.engine.tables.NETWORKS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.tables.networks import NETWORKS

#: Default kind: configurations written by version 0.1.0 have none, and mean this one.
FIRST_KIND = "unet"


def build(config: NetworkConfig) -> Network:
    """Build a network, initialised from torch's global random generator.

    Raises:
        UnknownNameError: if there is no such kind.
    """
    network: Network = NETWORKS[config.kind].load()(config)
    return network


def build_on_meta(config: NetworkConfig) -> Network:
    """Build a network on the meta device: its weights have no values and take no memory.

    Raises:
        UnknownNameError: if there is no such kind.
    """
    with torch.device("meta"):
        return build(config)


def kind_of(values: Mapping[str, Any]) -> str:
    """Return the kind of network of a stored configuration.

    Raises:
        ValueError: if it is not a non-empty string.
    """
    kind = values.get("kind", FIRST_KIND)
    if not isinstance(kind, str) or not kind:
        raise ValueError("the kind of a network must be a name")
    return kind


def config_from(values: Mapping[str, Any]) -> NetworkConfig:
    """Create a configuration from a stored dictionary; without a kind, of the paper's U-Net.

    It is the inverse of :meth:`NetworkConfig.to_dict`.

    Raises:
        UnknownNameError: if there is no such kind.
        ValueError: if a field is unknown, or a value is invalid.
    """
    config: NetworkConfig = NETWORKS[kind_of(values)].load_config().from_dict(values)
    return config


def common_fields(values: Mapping[str, Any]) -> NetworkConfig:
    """Read the fields common to all kinds from a stored configuration, even of an unknown kind.

    Raises:
        ValueError: if a value is invalid.
    """
    known = NetworkConfig.__dataclass_fields__.keys() | {"image_size"}
    return NetworkConfig.from_dict({k: v for k, v in values.items() if k in known})
