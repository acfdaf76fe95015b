"""Configuration of the paper's U-Net, and its presets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ddpm_studio.engine.networks.network import NetworkConfig

_MAX_SIZES = {
    "base_channels": 4096,
    "blocks_per_level": 16,
    "norm_groups": 4096,
    "channel_mult": 64,
}
_MAX_LEVELS = 12


@dataclass(frozen=True)
class UNetConfig(NetworkConfig):
    """Configuration of the paper's U-Net.

    Args:
        base_channels: channels of the first level.
        channel_mult: channels of each level as a multiple of ``base_channels``.
        blocks_per_level: residual blocks per level in the encoder; one more in the decoder.
        attention_resolutions: sides at which each block is followed by self-attention; of a
            rectangle the longer side, so that an attention never sees more pixels than a
            square of that side has.
        dropout: probability, 0..1, before the second convolution of each block.
        norm_groups: groups of each GroupNorm; all widths are multiples of it.
    """

    kind: ClassVar[str] = "unet"

    base_channels: int = 128
    channel_mult: tuple[int, ...] = (1, 2, 2, 2)
    blocks_per_level: int = 2
    attention_resolutions: tuple[int, ...] = (16,)
    dropout: float = field(default=0.1, kw_only=True)
    norm_groups: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_most(_MAX_SIZES)
        check_levels(self.channel_mult, self.attention_resolutions)
        self.require_multiples(f"{len(self.channel_mult)} levels")
        for mult in self.channel_mult:
            check_groups(self.base_channels * mult, self.norm_groups)

    @property
    def size_multiple(self) -> int:
        """Divisor of both sides of a picture: 2^(levels − 1)."""
        return int(2 ** (len(self.channel_mult) - 1))

    @property
    def attends(self) -> tuple[bool, ...]:
        """Whether there is attention at each level."""
        sides = level_sides(self.height, self.width, len(self.channel_mult))
        return attending(sides, self.attention_resolutions)

    @classmethod
    def tiny(cls, size: int | tuple[int, int] = 32, channels: int = 3) -> UNetConfig:
        """Return the configuration of a network that trains at interactive speed on two CPU cores.

        Args:
            size: side of the pictures, or (height, width), in pixels.
            channels: channels of the pictures.
        """
        height, width = height_width(size)
        mult = (1, 2, 4)
        resolution = first_at_most(8, level_sides(height, width, len(mult)))
        return cls(height, width, channels, 32, mult, 1, (resolution,), dropout=0.0)

    @classmethod
    def small(cls, size: int | tuple[int, int] = 32, channels: int = 3) -> UNetConfig:
        """Return the configuration of a 64-wide network: good pictures overnight on a CPU."""
        return cls._sized(size, channels, 64, (1, 2, 2, 2), dropout=0.0)

    @classmethod
    def ddpm32(cls, size: int | tuple[int, int] = 32, channels: int = 3) -> UNetConfig:
        """Return the paper's CIFAR-10 configuration: 35,746,307 parameters at 32 px RGB."""
        return cls._sized(size, channels, 128, (1, 2, 2, 2), dropout=0.1)

    @classmethod
    def ddpm256(cls, size: int | tuple[int, int] = 256, channels: int = 3) -> UNetConfig:
        """Return the paper's 256-px configuration: 113,673,219 parameters at RGB."""
        return cls._sized(size, channels, 128, (1, 1, 2, 2, 4, 4), dropout=0.0)

    @classmethod
    def _sized(
        cls,
        size: int | tuple[int, int],
        channels: int,
        base: int,
        mult: tuple[int, ...],
        dropout: float,
    ) -> UNetConfig:
        # The paper attends at 16; sizes that never pass through 16 attend at the first
        # level below it, where the cost is about the same.
        height, width = height_width(size)
        resolution = first_at_most(16, level_sides(height, width, len(mult)))
        return cls(height, width, channels, base, mult, 2, (resolution,), dropout=dropout)


def height_width(size: int | tuple[int, int]) -> tuple[int, int]:
    """Return (height, width), given a square's side or both."""
    return (size, size) if isinstance(size, int) else size


def level_sides(height: int, width: int, levels: int) -> list[int]:
    """Return the longer side of the feature maps at each level, each half of the one before."""
    return [max(height, width) // 2**level for level in range(levels)]


def attending(sides: Sequence[int], resolutions: Sequence[int]) -> tuple[bool, ...]:
    """Return whether each level has attention, by its longer side."""
    return tuple(side in resolutions for side in sides)


def first_at_most(limit: int, sides: Sequence[int]) -> int:
    """Return the first side of at most ``limit``, or else the last side."""
    return next((side for side in sides if side <= limit), sides[-1])


def check_levels(widths: Sequence[int], attention_resolutions: Sequence[int] = ()) -> None:
    """Check the number of levels and of attention resolutions.

    Raises:
        ValueError: if there are no levels, or too many of either.
    """
    if not widths:
        raise ValueError("the network needs at least one level")
    if len(widths) > _MAX_LEVELS:
        raise ValueError(f"the network may have at most {_MAX_LEVELS} levels")
    if len(attention_resolutions) > _MAX_LEVELS:
        raise ValueError(f"attention_resolutions may be at most {_MAX_LEVELS}")


def check_groups(width: int, groups: int) -> None:
    """Check that a width is divisible into the groups of a GroupNorm.

    Raises:
        ValueError: if not; the message gives both.
    """
    if width % groups:
        raise ValueError(f"width {width} is not a multiple of {groups} groups")
