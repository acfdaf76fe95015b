"""Residual, attention, down- and upsampling blocks of the U-Nets [DDPM appendix B]."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm_studio.engine.networks.norm_silu import group_norm, norm_silu, norm_silu_conv

NORM_EPS = 1e-6

Resampling = Literal["down", "up"]


@dataclass(frozen=True)
class BlockStyle:
    """Settings shared by all blocks of a U-Net; the defaults are the paper's.

    Args:
        temb: width of the timestep embedding that residual blocks take.
        groups: groups of each GroupNorm.
        dropout: probability, 0..1, before the second convolution of a residual block.
        eps: ε of each GroupNorm.
        heads: number of attention heads, unless ``head_channels`` is given.
        head_channels: channels per attention head; the number of heads follows from the width.
        scale_shift: t scales and shifts the second GroupNorm's output, instead of being added
            before it [IDDPM, adaptive group normalisation].
        pad_both: downsampling convolutions are padded by 1 on all sides, not right and bottom.
        resample_in_blocks: residual blocks change the resolution, not convolutions [ADM].
    """

    temb: int
    groups: int
    dropout: float
    eps: float = NORM_EPS
    heads: int = 1
    head_channels: int | None = None
    scale_shift: bool = False
    pad_both: bool = False
    resample_in_blocks: bool = False

    def heads_of(self, channels: int) -> int:
        """Return the number of heads of an attention of this width."""
        return self.heads if self.head_channels is None else channels // self.head_channels

    def norm(self, channels: int) -> nn.GroupNorm:
        """Return the GroupNorm for this width."""
        return nn.GroupNorm(self.groups, channels, eps=self.eps)


def xavier(layer: nn.Conv2d | nn.Linear, variance_scale: float = 1.0) -> None:
    """Initialise a layer: Xavier-uniform weights, zero bias.

    With a ``variance_scale`` of 1e-10 its output starts near 0.
    """
    nn.init.xavier_uniform_(layer.weight, gain=math.sqrt(variance_scale))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


NEAR_ZERO = 1e-10


class ResidualBlock(nn.Module):
    """Residual block: norm → SiLU → conv → + time → norm → SiLU → dropout → conv, plus shortcut.

    Args:
        cin: input channels.
        cout: output channels.
        style: see :class:`BlockStyle`.
        resample: whether the block halves or doubles the resolution, before its first convolution
            and on its shortcut, by 2×2 average pooling or nearest neighbours [ADM].
    """

    def __init__(
        self, cin: int, cout: int, style: BlockStyle, resample: Resampling | None = None
    ) -> None:
        super().__init__()
        self.scale_shift, self.resample = style.scale_shift, resample
        self.norm1 = style.norm(cin)
        self.conv1 = nn.Conv2d(cin, cout, 3, padding=1)
        self.time = nn.Linear(style.temb, 2 * cout if style.scale_shift else cout)
        self.norm2 = style.norm(cout)
        self.dropout = nn.Dropout(style.dropout)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1)
        self.shortcut = nn.Conv2d(cin, cout, 1) if cin != cout else nn.Identity()
        for layer in (self.conv1, self.time, self.shortcut):
            if not isinstance(layer, nn.Identity):
                xavier(layer)
        xavier(self.conv2, NEAR_ZERO)

    def forward(self, x: Tensor, temb: Tensor) -> Tensor:
        """Map (N, cin, H, W) to (N, cout, H, W); SiLU is already applied to ``temb``.

        With ``resample``, H and W of the output are halved or doubled.
        """
        if self.resample is None:
            h = norm_silu_conv(self.norm1, self.conv1, x)
        else:
            h = self.conv1(_resample(norm_silu(self.norm1, x), self.resample))
            x = _resample(x, self.resample)
        time = self.time(temb)[:, :, None, None]
        if self.scale_shift:
            scale, shift = time.chunk(2, dim=1)
            h = F.silu(group_norm(self.norm2, h) * (1 + scale) + shift)
            h = self.conv2(self.dropout(h))
        else:
            # Rebinding h frees the memory of the first convolution's output here.
            h = h + time
            if self.training and self.dropout.p:
                h = self.conv2(self.dropout(norm_silu(self.norm2, h)))
            else:
                h = norm_silu_conv(self.norm2, self.conv2, h)
        return cast(Tensor, self.shortcut(x) + h)


def _resample(x: Tensor, direction: Resampling) -> Tensor:
    return F.avg_pool2d(x, 2) if direction == "down" else F.interpolate(x, scale_factor=2.0)


class AttentionBlock(nn.Module):
    """Self-attention over all pixels, scaled by (C/heads)^−½, with a residual connection.

    The channels of q, k and v are split among the heads in order: head 0 has the first C/heads of
    each.
    """

    def __init__(self, channels: int, style: BlockStyle) -> None:
        super().__init__()
        self.heads = style.heads_of(channels)
        self.norm = style.norm(channels)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        for part in self.qkv.weight.data.chunk(3):
            nn.init.xavier_uniform_(part)
        nn.init.zeros_(self.qkv.bias)
        xavier(self.proj, NEAR_ZERO)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        h = group_norm(self.norm, x)
        if x.device.type != "cpu":
            return x + self._pixel_attention(h.flatten(2).transpose(1, 2)).reshape(x.shape)
        n, c = x.shape[:2]
        qkv = _pixelwise(self.qkv, h).view(n, 3, self.heads, c // self.heads, -1)
        attended = attend(*qkv.unbind(1)).reshape(x.shape)
        return x + _pixelwise(self.proj, attended)

    def _pixel_attention(self, pixels: Tensor) -> Tensor:
        """Fused GPU attention, (N, L, C) → (N, C, L); it needs a pixel's channels contiguous."""
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.qkv(pixels).chunk(3, dim=-1)
        )
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return cast(Tensor, self.proj(attended)).transpose(1, 2)


def _pixelwise(layer: nn.Linear, x: Tensor) -> Tensor:
    """Linear layer per pixel as a 1×1 convolution, which preserves the memory format of x."""
    return F.conv2d(x, layer.weight[:, :, None, None], layer.bias)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Scaled dot-product attention of q, k, v of shape (N, heads, C, L): L pixels, C per head."""
    if q.device.type == "cpu" and v.dtype == torch.bfloat16:
        # torch's fused attention computes bf16 in float32 on a CPU, at a third of this speed.
        scores = (q.mT * q.shape[-2] ** -0.5) @ k
        attended: Tensor = v @ scores.softmax(-1).mT
        return attended
    return F.scaled_dot_product_attention(q.mT, k.mT, v.mT).mT


class Downsample(nn.Module):
    """Downsampling by a 3×3 convolution of stride 2.

    Padded at the right and bottom only, like TensorFlow's SAME, or on all sides.
    """

    def __init__(self, channels: int, *, pad_both: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=int(pad_both))
        xavier(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        """Halve height and width."""
        return cast(Tensor, self.conv(x if self.conv.padding[0] else F.pad(x, (0, 1, 0, 1))))


class Upsample(nn.Module):
    """Nearest-neighbour upsampling ×2, then a 3×3 convolution, as one transposed convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        xavier(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        """Double height and width."""
        return F.conv_transpose2d(x, upsample_conv_weight(self.conv.weight), self.conv.bias, 2, 1)


def upsample_conv_weight(weight: Tensor) -> Tensor:
    """Weights of the stride-2 transposed convolution equal to ×2 upsampling and a convolution.

    After nearest-neighbour upsampling, the 3×3 pixels under each output pixel have only 2×2
    distinct values: summing the weights of equal pixels first leaves 4 of 9 multiplications.

    Args:
        weight: weights of a 3×3 convolution, shape (out, in, 3, 3).

    Returns:
        Shape (in, out, 4, 4).
    """
    return _combine_weights(_combine_weights(weight, 2), 3).transpose(0, 1)


def _combine_weights(weight: Tensor, dim: int) -> Tensor:
    """Combine three weights along ``dim`` into four, those of the transposed convolution."""
    first, second, third = weight.unbind(dim)
    return torch.stack([third, second + third, first + second, first], dim)


class Level(nn.Module):
    """One resolution level: residual blocks, each with optional attention, and a resampler."""

    def __init__(
        self,
        blocks: list[ResidualBlock],
        attention: bool,
        resample: nn.Module,
        style: BlockStyle,
    ) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        self.attention = nn.ModuleList(
            AttentionBlock(block.conv2.out_channels, style) if attention else nn.Identity()
            for block in blocks
        )
        self.resample = resample
