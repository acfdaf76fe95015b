"""Which kinds of networks there are: how each is configured and built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ddpm_studio.engine.networks.diffusers_unet import DiffusersUNet, DiffusersUNetConfig
from ddpm_studio.engine.networks.dit import DiT, DiTConfig
from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.networks.openai_unet import OpenAIUNet, OpenAIUNetConfig
from ddpm_studio.engine.networks.patch_unet import PatchUNet, PatchUNetConfig
from ddpm_studio.engine.networks.unet import UNet, UNetConfig

#: What version 0.1.0 wrote had no kind, and means this one for ever.
FIRST_KIND = UNetConfig.kind


@dataclass(frozen=True)
class NetworkKind:
    """How the networks of one kind are configured and built."""

    config: type[NetworkConfig]
    build: Callable[[Any], Network]


#: By the name of the kind; :func:`register` adds to it.
NETWORKS: dict[str, NetworkKind] = {
    UNetConfig.kind: NetworkKind(UNetConfig, UNet),
    PatchUNetConfig.kind: NetworkKind(PatchUNetConfig, PatchUNet),
    OpenAIUNetConfig.kind: NetworkKind(OpenAIUNetConfig, OpenAIUNet),
    DiffusersUNetConfig.kind: NetworkKind(DiffusersUNetConfig, DiffusersUNet),
    DiTConfig.kind: NetworkKind(DiTConfig, DiT),
}


class UnknownNetwork(ValueError):  # noqa: N818 - reads as what it says
    """A kind of network that is not registered.

    Args:
        kind: which.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"no network {kind!r}; there are {', '.join(NETWORKS)}")


def register(config: type[NetworkConfig], build: Callable[[Any], Network]) -> None:
    """Add a kind of network, named by its configuration's ``kind``.

    Args:
        config: a frozen dataclass, see :class:`NetworkConfig`.
        build: configuration → network; the network's class, or any function.

    Raises:
        ValueError: if the configuration names no kind, or one that another has.
    """
    taken = NETWORKS.get(config.kind)
    if not config.kind:
        raise ValueError(f"{config.__name__} names no kind")
    if taken is not None and taken.config is not config:
        raise ValueError(f"the kind {config.kind!r} is that of {taken.config.__name__} already")
    NETWORKS[config.kind] = NetworkKind(config, build)


def build(config: NetworkConfig) -> Network:
    """Return the network with fresh weights, from torch's global random numbers.

    Raises:
        UnknownNetwork: if its kind is not registered.
    """
    return _kind(config.kind).build(config)


def outline(config: NetworkConfig) -> Network:
    """Return the network without any numbers: it takes no memory, whatever its size.

    Raises:
        UnknownNetwork: if its kind is not registered.
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
        UnknownNetwork: if its kind is not registered.
        ValueError: if a field is unknown, or a value impossible.
    """
    return _kind(kind_of(values)).config.from_dict(values)


def common_fields(values: Mapping[str, Any]) -> NetworkConfig:
    """Read of any kind's stored fields those that all kinds have; of an unknown one too.

    Raises:
        ValueError: if one is impossible.
    """
    known = NetworkConfig.__dataclass_fields__.keys() | {"image_size"}
    return NetworkConfig.from_dict({k: v for k, v in values.items() if k in known})


def _kind(kind: str) -> NetworkKind:
    if kind not in NETWORKS:
        raise UnknownNetwork(kind)
    return NETWORKS[kind]
