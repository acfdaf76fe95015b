"""The U-Net of DDPM, appendix B, with optional class labels."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm_studio.engine.device.layout import Precision
from ddpm_studio.engine.networks.norm_silu import norm_silu_conv
from ddpm_studio.engine.networks.unet_blocks import (
    NEAR_ZERO,
    NORM_EPS,
    AttentionBlock,
    Downsample,
    Level,
    ResidualBlock,
    Upsample,
    timestep_embedding,
    xavier,
)
from ddpm_studio.engine.networks.unet_config import UNetConfig

__all__ = ["UNet", "UNetConfig"]


class UNet(nn.Module):
    """ε_θ(x_t, t) [DDPM appendix B]."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        base, groups, drop = config.base_channels, config.norm_groups, config.dropout
        temb = 4 * base
        widths = [base * mult for mult in config.channel_mult]
        sides = [config.image_size // 2**level for level in range(len(widths))]
        attends = [side in config.attention_resolutions for side in sides]

        self.time1, self.time2 = nn.Linear(base, temb), nn.Linear(temb, temb)
        xavier(self.time1)
        xavier(self.time2)
        self.label = None
        if config.num_classes is not None:
            # One more row than classes: the last stands for "no label" [classifier-free guidance].
            self.label = nn.Embedding(config.num_classes + 1, temb)

        self.conv_in = nn.Conv2d(config.channels, base, 3, padding=1)
        xavier(self.conv_in)
        self.down = nn.ModuleList()
        skips, width = [base], base
        for level, out in enumerate(widths):
            blocks = []
            for _ in range(config.blocks_per_level):
                blocks.append(ResidualBlock(width, out, temb, groups, drop))
                width = out
                skips.append(width)
            last = level == len(widths) - 1
            self.down.append(
                Level(blocks, attends[level], nn.Identity() if last else Downsample(width))
            )
            if not last:
                skips.append(width)

        self.mid1 = ResidualBlock(width, width, temb, groups, drop)
        self.mid_attention = AttentionBlock(width, groups)
        self.mid2 = ResidualBlock(width, width, temb, groups, drop)

        self.up = nn.ModuleList()
        for level, out in reversed(list(enumerate(widths))):
            blocks = []
            for _ in range(config.blocks_per_level + 1):
                blocks.append(ResidualBlock(width + skips.pop(), out, temb, groups, drop))
                width = out
            self.up.append(
                Level(blocks, attends[level], Upsample(width) if level else nn.Identity())
            )

        self.norm_out = nn.GroupNorm(groups, width, eps=NORM_EPS)
        self.conv_out = nn.Conv2d(width, config.out_channels, 3, padding=1)
        xavier(self.conv_out, NEAR_ZERO)

    @property
    def precision(self) -> Precision:
        """What its weights are in."""
        return "bf16" if self.conv_in.weight.dtype == torch.bfloat16 else "float32"

    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """Predict from the noisy pictures.

        Args:
            x: x_t, shape (N, channels, image_size, image_size).
            t: integer labels 0..T−1, shape (N,).
            y: class labels, shape (N,); ``num_classes`` (or None) stands for "no label".

        Returns:
            Shape (N, out_channels, image_size, image_size), of x's type.

        Raises:
            ValueError: if labels are given to an unconditional network.
        """
        computed_in = self.conv_in.weight.dtype
        temb = self._embed(x, t, y).to(computed_in)
        h = self.conv_in(x.to(computed_in))
        skips = [h]
        for level in cast("list[Level]", self.down):
            for block, attention in zip(level.blocks, level.attention, strict=True):
                h = attention(block(h, temb))
                skips.append(h)
            if not isinstance(level.resample, nn.Identity):
                h = level.resample(h)
                skips.append(h)
        h = self.mid2(self.mid_attention(self.mid1(h, temb)), temb)
        for level in cast("list[Level]", self.up):
            for block, attention in zip(level.blocks, level.attention, strict=True):
                h = attention(block(torch.cat([h, skips.pop()], dim=1), temb))
            h = level.resample(h)
        return norm_silu_conv(self.norm_out, self.conv_out, h).to(x.dtype)

    def _embed(self, x: Tensor, t: Tensor, y: Tensor | None) -> Tensor:
        embedding = timestep_embedding(t, self.config.base_channels)
        temb = self.time2(F.silu(self.time1(embedding)))
        if self.label is not None:
            if y is None:
                y = torch.full((len(x),), self.label.num_embeddings - 1, device=x.device)
            temb = temb + self.label(y)
        elif y is not None:
            raise ValueError("this network was trained without labels")
        return F.silu(temb)
