"""OpenAI's U-Net of improved- and guided-diffusion [IDDPM; Dhariwal & Nichol 2021, ADM]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ddpm_studio.engine.networks.network import NetworkConfig
from ddpm_studio.engine.networks.unet_blocks import BlockStyle
from ddpm_studio.engine.networks.unet_body import UNetBody, UNetPlan
from ddpm_studio.engine.networks.unet_config import (
    attending,
    check_groups,
    check_levels,
    level_sides,
)

_MAX_SCALE = 1000


@dataclass(frozen=True)
class OpenAIUNetConfig(NetworkConfig):
    """Configuration of the network; the defaults are those of the CIFAR-10 model of IDDPM.

    Args:
        base_channels: width of the timestep embedding; the timestep MLP is four times as wide.
        widths: channels of each level; multiples of ``norm_groups``.
        blocks_per_level: residual blocks per level in the encoder; one more in the decoder.
        attention_resolutions: sides at which each block is followed by self-attention; of a
            rectangle the longer side, see :class:`UNetConfig`.
        heads: number of attention heads, unless ``head_channels`` is given.
        head_channels: channels per attention head; the number of heads follows from the width.
        scale_shift: t scales and shifts the second normalisation of a block.
        resample_in_blocks: residual blocks change the resolution, not convolutions [ADM].
        dropout: probability, 0..1, before the second convolution of each block.
        norm_groups: groups of each GroupNorm.
        t_scale: factor of t before it is embedded: 1000/T with their ``rescale_timesteps``, which
            is meant for T other than 1000.
    """

    kind: ClassVar[str] = "openai-unet"

    base_channels: int = 128
    widths: tuple[int, ...] = (128, 256, 256, 256)
    blocks_per_level: int = 3
    attention_resolutions: tuple[int, ...] = (16, 8)
    heads: int = 4
    head_channels: int | None = None
    scale_shift: bool = True
    resample_in_blocks: bool = False
    norm_groups: int = 32
    t_scale: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        size_fields = ("base_channels", "widths", "norm_groups", "heads", "head_channels")
        self.require_at_most({**dict.fromkeys(size_fields, 4096 * 4), "blocks_per_level": 16})
        if not 0 < self.t_scale <= _MAX_SCALE:
            raise ValueError(f"t_scale must be above 0 and at most {_MAX_SCALE}")
        check_levels(self.widths, self.attention_resolutions)
        self.require_multiples(f"{len(self.widths)} levels")
        for width in self.widths:
            check_groups(width, self.norm_groups)
        attending = [width for width, a in zip(self.widths, self.attends, strict=True) if a]
        for width in {*attending, self.widths[-1]}:
            check_heads(width, self.heads, self.head_channels)

    @property
    def size_multiple(self) -> int:
        """Divisor of both sides of a picture: 2^(levels − 1)."""
        return int(2 ** (len(self.widths) - 1))

    @property
    def attends(self) -> tuple[bool, ...]:
        """Whether there is attention at each level."""
        sides = level_sides(self.height, self.width, len(self.widths))
        return attending(sides, self.attention_resolutions)


class OpenAIUNet(UNetBody):
    """U-Net that computes the same function as those of improved- and guided-diffusion.

    Its attention heads have the order that their code calls new; weights in the older order are
    permuted when they are loaded.
    """

    config: OpenAIUNetConfig

    def __init__(self, config: OpenAIUNetConfig) -> None:
        style = BlockStyle(
            4 * config.base_channels,
            config.norm_groups,
            config.dropout,
            eps=1e-5,
            heads=config.heads,
            head_channels=config.head_channels,
            scale_shift=config.scale_shift,
            pad_both=True,
            resample_in_blocks=config.resample_in_blocks,
        )
        plan = UNetPlan(
            style=style,
            stem=config.widths[0],
            widths=config.widths,
            attends=config.attends,
            blocks_per_level=config.blocks_per_level,
            embedding=config.base_channels,
            cos_first=True,
            shift=0,
            t_scale=config.t_scale,
        )
        super().__init__(config, plan)


def check_heads(width: int, heads: int, head_channels: int | None) -> None:
    """Check that a width is divisible into attention heads.

    Raises:
        ValueError: if not; the message gives both.
    """
    if width % (head_channels or heads):
        parts = f"heads of {head_channels}" if head_channels else f"{heads} heads"
        raise ValueError(f"an attention of width {width} can't have {parts}")
