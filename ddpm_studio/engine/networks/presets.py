"""Presets of networks by name, for pictures of any shape."""

from __future__ import annotations

from collections.abc import Callable

from ddpm_studio.engine.networks.network import NetworkConfig
from ddpm_studio.engine.tables.networks import PRESETS

_LARGE = 256


def preset(name: str, shape: tuple[int, int, int]) -> NetworkConfig:
    """Return a named network for pictures of shape (C, H, W).

    Raises:
        ValueError: for another name, or sides that are no multiples of the preset's.
    """
    channels, height, width = shape
    return _preset(name)((height, width), channels)


def preset_multiple(name: str) -> int:
    """Return what both sides of a picture must be multiples of for a named network.

    Raises:
        ValueError: for another name.
    """
    return _preset(name)((_LARGE, _LARGE), 3).size_multiple


def _preset(name: str) -> Callable[[tuple[int, int], int], NetworkConfig]:
    made: Callable[[tuple[int, int], int], NetworkConfig] = PRESETS[name].load()
    return made
