"""Network presets by name, for pictures of any shape."""

from __future__ import annotations

from collections.abc import Callable

from ddpm_studio.engine.networks.network import NetworkConfig
from ddpm_studio.engine.tables.networks import PRESETS

_LARGE = 256


def preset(name: str, shape: tuple[int, int, int]) -> NetworkConfig:
    """Return the configuration of a network preset for pictures of shape (C, H, W).

    Raises:
        ValueError: for an unknown name, or sides that are not multiples of the preset's divisor.
    """
    channels, height, width = shape
    return _preset(name)((height, width), channels)


def preset_like(name: str, config: NetworkConfig, shape: tuple[int, int, int]) -> NetworkConfig:
    """Return a preset's configuration for pictures of shape (C, H, W), with fields of another.

    They are those that trainings choose whatever the preset: classes, dropout, learned variance,
    and augmentation.

    Raises:
        ValueError: as :func:`preset`.
    """
    return preset(name, shape).with_fields(
        num_classes=config.num_classes,
        dropout=config.dropout,
        learned_variance=config.learned_variance,
        augmented=config.augmented,
    )


def preset_multiple(name: str) -> int:
    """Return the divisor that both sides of a picture must have for a network preset.

    Raises:
        ValueError: for an unknown name.
    """
    return _preset(name)((_LARGE, _LARGE), 3).size_multiple


def _preset(name: str) -> Callable[[tuple[int, int], int], NetworkConfig]:
    preset: Callable[[tuple[int, int], int], NetworkConfig] = PRESETS[name].load()
    return preset
