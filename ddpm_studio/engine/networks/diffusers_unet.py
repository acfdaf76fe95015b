"""The U-Net of Hugging Face diffusers, ``UNet2DModel``, with its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ddpm_studio.engine.networks.network import NetworkConfig
from ddpm_studio.engine.networks.openai_unet import check_heads
from ddpm_studio.engine.networks.unet_blocks import BlockStyle
from ddpm_studio.engine.networks.unet_body import UNetBody, UNetPlan
from ddpm_studio.engine.networks.unet_config import check_groups, check_levels

_MAX_WIDTH = 4096 * 4


@dataclass(frozen=True)
class DiffusersUNetConfig(NetworkConfig):
    """Configuration of the network; fields and defaults are the library's where it has them.

    Args:
        block_out_channels: channels of each level; multiples of ``norm_num_groups``.
        attention_levels: indices, from 0, of the levels whose blocks are each followed by
            self-attention; they do not depend on the picture's size or shape.
        layers_per_block: residual blocks per level in the encoder; one more in the decoder.
        attention_head_dim: channels per attention head; None: one head.
        norm_num_groups: groups of each GroupNorm.
        norm_eps: ε of each GroupNorm.
        time_embedding_dim: width of the timestep MLP; None: four times the first level's.
        freq_shift: 0 or 1, see
            :func:`~ddpm_studio.engine.networks.embeddings.timestep_embedding`.
        flip_sin_to_cos: whether cosines come first in the timestep embedding.
        downsample_padding: padding of the downsampling convolutions: 1 on all sides; 0: right and
            bottom only.
        scale_shift: ``resnet_time_scale_shift``: t scales and shifts the second normalisation.
        resample_in_blocks: ``downsample_type`` and ``upsample_type`` are "resnet".
        dropout: probability, 0..1, before the second convolution of each block.
    """

    kind: ClassVar[str] = "diffusers-unet"

    block_out_channels: tuple[int, ...] = (224, 448, 672, 896)
    attention_levels: tuple[int, ...] = (1, 2, 3)
    layers_per_block: int = 2
    attention_head_dim: int | None = 8
    norm_num_groups: int = 32
    norm_eps: float = 1e-5
    time_embedding_dim: int | None = None
    freq_shift: int = 0
    flip_sin_to_cos: bool = True
    downsample_padding: int = 1
    scale_shift: bool = False
    resample_in_blocks: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        size_fields = (
            "block_out_channels",
            "attention_head_dim",
            "norm_num_groups",
            "time_embedding_dim",
        )
        self.require_at_most({**dict.fromkeys(size_fields, _MAX_WIDTH), "layers_per_block": 16})
        widths = self.block_out_channels
        check_levels(widths)
        self.require_multiples(f"{len(widths)} levels")
        if not 0 < self.norm_eps < 1:
            raise ValueError(f"norm_eps must be above 0 and below 1, not {self.norm_eps:.6g}")
        for name in ("freq_shift", "downsample_padding"):
            if getattr(self, name) not in (0, 1):
                raise ValueError(f"{name} must be 0 or 1, not {getattr(self, name):.6g}")
        if not set(self.attention_levels) <= set(range(len(widths))):
            raise ValueError(f"attention_levels must be within 0..{len(widths) - 1}")
        for width in widths:
            check_groups(width, self.norm_num_groups)
        for level in {*self.attention_levels, len(widths) - 1}:
            check_heads(widths[level], 1, self.attention_head_dim)

    @property
    def size_multiple(self) -> int:
        """Divisor of both sides of a picture: 2^(levels − 1)."""
        return int(2 ** (len(self.block_out_channels) - 1))


class DiffusersUNet(UNetBody):
    """U-Net that computes the same function as ``UNet2DModel``."""

    config: DiffusersUNetConfig

    def __init__(self, config: DiffusersUNetConfig) -> None:
        widths = config.block_out_channels
        style = BlockStyle(
            config.time_embedding_dim or 4 * widths[0],
            config.norm_num_groups,
            config.dropout,
            eps=config.norm_eps,
            head_channels=config.attention_head_dim,
            scale_shift=config.scale_shift,
            pad_both=bool(config.downsample_padding),
            resample_in_blocks=config.resample_in_blocks,
        )
        plan = UNetPlan(
            style=style,
            stem=widths[0],
            widths=widths,
            attends=tuple(level in config.attention_levels for level in range(len(widths))),
            blocks_per_level=config.layers_per_block,
            embedding=widths[0],
            cos_first=config.flip_sin_to_cos,
            shift=config.freq_shift,
        )
        super().__init__(config, plan)
