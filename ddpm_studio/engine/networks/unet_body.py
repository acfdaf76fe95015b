"""U-Net architecture shared by all kinds: encoder, middle, decoder, and skip connections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm_studio.engine.device.memory_format import Precision
from ddpm_studio.engine.networks.embeddings import AugmentationEmbedding, timestep_embedding
from ddpm_studio.engine.networks.network import (
    Network,
    NetworkConfig,
    conditioning_embedding,
    require_pictures,
)
from ddpm_studio.engine.networks.norm_silu import norm_silu_conv
from ddpm_studio.engine.networks.unet_blocks import (
    NEAR_ZERO,
    AttentionBlock,
    BlockStyle,
    Downsample,
    Level,
    Resampling,
    ResidualBlock,
    Upsample,
    xavier,
)


@dataclass(frozen=True)
class UNetPlan:
    """Architecture of a U-Net.

    Args:
        style: settings of its blocks.
        stem: output channels of the first convolution.
        widths: channels of each level, from the pictures' resolution downwards.
        attends: whether each block of a level is followed by self-attention.
        blocks_per_level: residual blocks per level in the encoder; one more in the decoder.
        embedding: width of the sinusoidal timestep embedding.
        cos_first: see :func:`~ddpm_studio.engine.networks.embeddings.timestep_embedding`.
        shift: see :func:`~ddpm_studio.engine.networks.embeddings.timestep_embedding`.
        t_scale: factor of t before it is embedded.
        patch: patch size in pixels; 1: no patches.
    """

    style: BlockStyle
    stem: int
    widths: tuple[int, ...]
    attends: tuple[bool, ...]
    blocks_per_level: int
    embedding: int
    cos_first: bool = False
    shift: int = 1
    t_scale: float = 1.0
    patch: int = 1


class UNetBody(Network):
    """Base class of the U-Nets, built from a plan; the kinds differ in their plans alone.

    Initialised as in DDPM: Xavier-uniform, with the last convolution of each block, the output
    projection of each attention and the output convolution near 0.
    """

    in_float32 = ("time1.", "time2.", "label.", "augmentation.")
    outer_layers = ("conv_in", "conv_out")
    mixes_classes = True
    takes_augmentation = True

    def __init__(self, config: NetworkConfig, plan: UNetPlan) -> None:
        super().__init__(config)
        self.plan = plan
        style, widths, temb = plan.style, plan.widths, plan.style.temb

        self.time1, self.time2 = nn.Linear(plan.embedding, temb), nn.Linear(temb, temb)
        xavier(self.time1)
        xavier(self.time2)
        self.label = None
        if config.num_classes is not None:
            # One more row than classes: the last stands for "no label" [classifier-free guidance].
            self.label = nn.Embedding(config.num_classes + 1, temb)

        self.conv_in = nn.Conv2d(config.channels * plan.patch**2, plan.stem, 3, padding=1)
        xavier(self.conv_in)
        self.down = nn.ModuleList()
        skips, width = [plan.stem], plan.stem
        for level, out in enumerate(widths):
            blocks = []
            for _ in range(plan.blocks_per_level):
                blocks.append(ResidualBlock(width, out, style))
                width = out
                skips.append(width)
            is_last = level == len(widths) - 1
            resample = nn.Identity() if is_last else _resampler(width, style, "down")
            self.down.append(Level(blocks, plan.attends[level], resample, style))
            if not is_last:
                skips.append(width)

        self.mid1 = ResidualBlock(width, width, style)
        self.mid_attention = AttentionBlock(width, style)
        self.mid2 = ResidualBlock(width, width, style)

        self.up = nn.ModuleList()
        for level, out in reversed(list(enumerate(widths))):
            blocks = []
            for _ in range(plan.blocks_per_level + 1):
                blocks.append(ResidualBlock(width + skips.pop(), out, style))
                width = out
            resample = _resampler(width, style, "up") if level else nn.Identity()
            self.up.append(Level(blocks, plan.attends[level], resample, style))

        self.norm_out = style.norm(width)
        self.conv_out = nn.Conv2d(width, config.out_channels * plan.patch**2, 3, padding=1)
        xavier(self.conv_out, NEAR_ZERO)
        self.augmentation = AugmentationEmbedding(temb) if config.augmented else None

    @property
    def precision(self) -> Precision:
        """Precision of the weights, by that of the input convolution."""
        return "bf16" if self.conv_in.weight.dtype == torch.bfloat16 else "float32"

    def forward(
        self, x: Tensor, t: Tensor, y: Tensor | None = None, augment_labels: Tensor | None = None
    ) -> Tensor:
        """See :meth:`Network.forward` and :attr:`Network.takes_augmentation`."""
        require_pictures(self.config, x)
        computed_in = self.conv_in.weight.dtype
        temb = self._embed(x, t, y, augment_labels).to(computed_in)
        h = x.to(computed_in)
        if self.plan.patch > 1:
            h = F.pixel_unshuffle(h, self.plan.patch)
        h = self.conv_in(h)
        skips = [h]
        for level in cast("list[Level]", self.down):
            for block, attention in zip(level.blocks, level.attention, strict=True):
                h = attention(block(h, temb))
                skips.append(h)
            if not isinstance(level.resample, nn.Identity):
                h = _resample(level.resample, h, temb)
                skips.append(h)
        h = self.mid2(self.mid_attention(self.mid1(h, temb)), temb)
        for level in cast("list[Level]", self.up):
            for block, attention in zip(level.blocks, level.attention, strict=True):
                h = attention(block(torch.cat([h, skips.pop()], dim=1), temb))
            h = _resample(level.resample, h, temb)
        h = norm_silu_conv(self.norm_out, self.conv_out, h)
        if self.plan.patch > 1:
            h = F.pixel_shuffle(h, self.plan.patch)
        return h.to(x.dtype)

    def _embed(
        self, x: Tensor, t: Tensor, y: Tensor | None, augment_labels: Tensor | None
    ) -> Tensor:
        plan = self.plan
        if plan.t_scale != 1:
            t = t * plan.t_scale
        embedding = timestep_embedding(
            t, plan.embedding, cos_first=plan.cos_first, shift=plan.shift
        )
        time = self.time2(F.silu(self.time1(embedding)))
        return F.silu(
            conditioning_embedding(
                self.config, time, x, self.label, y, self.augmentation, augment_labels
            )
        )


def _resampler(width: int, style: BlockStyle, direction: Resampling) -> nn.Module:
    if style.resample_in_blocks:
        return ResidualBlock(width, width, style, direction)
    return Upsample(width) if direction == "up" else Downsample(width, pad_both=style.pad_both)


def _resample(resampler: nn.Module, h: Tensor, temb: Tensor) -> Tensor:
    args = (h, temb) if isinstance(resampler, ResidualBlock) else (h,)
    return cast(Tensor, resampler(*args))
