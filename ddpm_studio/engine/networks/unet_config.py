"""Shape of the U-Net, and the presets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from ddpm_studio.engine.tables.networks import PRESETS

# Beyond these a network is a mistake or an attack: building it would take all memory or time.
_MOST = {
    "image_size": 4096,
    "base_channels": 4096,
    "blocks_per_level": 16,
    "norm_groups": 4096,
    "num_classes": 1_000_000,
}
_MOST_LEVELS = 12
_MOST_TIMES_BASE = 64


def _is_whole(value: object) -> bool:
    return type(value) is int


def _are_whole(value: object) -> bool:
    return isinstance(value, tuple) and all(map(_is_whole, value))


_KINDS: dict[str, Callable[[object], bool]] = {
    "channel_mult": _are_whole,
    "attention_resolutions": _are_whole,
    "dropout": lambda value: type(value) in (int, float),
    "learned_variance": lambda value: type(value) is bool,
    "num_classes": lambda value: value is None or type(value) is int,
}


@dataclass(frozen=True)
class UNetConfig:
    """Shape of the network.

    Args:
        image_size: side of the square pictures, a multiple of 2^(levels − 1).
        channels: 1 (gray) or 3 (RGB) of the pictures.
        base_channels: width of the first level.
        channel_mult: width of each level as a multiple of ``base_channels``.
        blocks_per_level: residual blocks going down; one more going up.
        attention_resolutions: sides at which each block is followed by self-attention.
        dropout: probability, 0..1, before the second convolution of each block.
        norm_groups: groups of each GroupNorm; all widths are multiples of it.
        learned_variance: whether a second half of output channels carries it [IDDPM §3.1].
        num_classes: labels 0..num_classes−1; None for an unconditional network.
    """

    image_size: int = 32
    channels: int = 3
    base_channels: int = 128
    channel_mult: tuple[int, ...] = (1, 2, 2, 2)
    blocks_per_level: int = 2
    attention_resolutions: tuple[int, ...] = (16,)
    dropout: float = 0.1
    norm_groups: int = 32
    learned_variance: bool = False
    num_classes: int | None = None

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            if not _KINDS.get(name, _is_whole)(getattr(self, name)):
                raise ValueError(f"{name} is of another kind than it must be")
        if self.channels not in (1, 3):
            raise ValueError(f"channels must be 1 or 3, not {self.channels}")
        for field, most in _MOST.items():
            value = getattr(self, field)
            if value is not None and not 1 <= value <= most:
                raise ValueError(f"{field} must be 1..{most}, not {value:.6g}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be 0 or more and below 1, not {self.dropout:.6g}")
        if len(self.channel_mult) > _MOST_LEVELS or len(self.attention_resolutions) > _MOST_LEVELS:
            raise ValueError(f"the network may have at most {_MOST_LEVELS} levels")
        if not self.channel_mult or self.blocks_per_level < 1:
            raise ValueError("the network needs at least one level and one block a level")
        if self.image_size < 1 or self.image_size % self.size_multiple:
            raise ValueError(
                f"image size {self.image_size} is not a multiple of {self.size_multiple}, "
                f"as {len(self.channel_mult)} levels need"
            )
        for mult in self.channel_mult:
            if not 1 <= mult <= _MOST_TIMES_BASE:
                raise ValueError(f"channel_mult must be 1..{_MOST_TIMES_BASE}, not {mult:.6g}")
            if (self.base_channels * mult) % self.norm_groups:
                raise ValueError(
                    f"width {self.base_channels * mult} is not a multiple of "
                    f"{self.norm_groups} groups"
                )

    @property
    def size_multiple(self) -> int:
        """What the side of a picture must be a multiple of."""
        return int(2 ** (len(self.channel_mult) - 1))

    @property
    def out_channels(self) -> int:
        """Channels of the output: twice the picture's if the variance is learned."""
        return self.channels * (2 if self.learned_variance else 1)

    @classmethod
    def tiny(cls, image_size: int = 32, channels: int = 3) -> UNetConfig:
        """Return a network that trains at interactive speed on two CPU cores."""
        sides = (image_size, image_size // 2, image_size // 4)
        attends = next((side for side in sides if side <= 8), sides[-1])
        return cls(image_size, channels, 32, (1, 2, 4), 1, (attends,), dropout=0.0)

    @classmethod
    def small(cls, image_size: int = 32, channels: int = 3) -> UNetConfig:
        """Return a 64-wide network: good pictures overnight on a CPU."""
        return cls._sized(image_size, channels, 64, (1, 2, 2, 2), dropout=0.0)

    @classmethod
    def ddpm32(cls, image_size: int = 32, channels: int = 3) -> UNetConfig:
        """Return the paper's CIFAR-10 network: 35,746,307 parameters at 32 px RGB."""
        return cls._sized(image_size, channels, 128, (1, 2, 2, 2), dropout=0.1)

    @classmethod
    def ddpm256(cls, image_size: int = 256, channels: int = 3) -> UNetConfig:
        """Return the paper's 256-px network: 113,673,219 parameters at RGB."""
        return cls._sized(image_size, channels, 128, (1, 1, 2, 2, 4, 4), dropout=0.0)

    @classmethod
    def preset(cls, name: str, image_size: int, channels: int) -> UNetConfig:
        """Return a preset of :data:`ddpm_studio.engine.tables.PRESETS` by its name.

        Raises:
            ValueError: for another name, or a size that the preset's levels do not divide.
        """
        return cast(UNetConfig, PRESETS[name].load()(image_size, channels))

    @classmethod
    def _sized(
        cls, image_size: int, channels: int, base: int, mult: tuple[int, ...], dropout: float
    ) -> UNetConfig:
        # The paper attends at 16; sizes that never pass through 16 attend at the first
        # level below it, where the cost is about the same.
        sides = [image_size // 2**level for level in range(len(mult))]
        below = [side for side in sides if side <= 16] or sides[-1:]
        return cls(image_size, channels, base, mult, 2, (below[0],), dropout)

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON can hold them."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> UNetConfig:
        """Read what :meth:`to_dict` wrote.

        Raises:
            ValueError: if a field is unknown, or a value impossible.
        """
        unknown = set(fields) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(f"unknown network fields: {', '.join(sorted(unknown))}")
        values: dict[str, Any] = {
            k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()
        }
        return cls(**values)

    def with_(self, **changes: Any) -> UNetConfig:
        """Return a copy with some fields changed."""
        return replace(self, **changes)
