"""What the U-Net is built of [DDPM appendix B]."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm_studio.engine.networks.norm_silu import group_norm, norm_silu, norm_silu_conv

NORM_EPS = 1e-6


def timestep_embedding(t: Tensor, dim: int) -> Tensor:
    """[sin | cos] of t·10000^(−i/(half−1)) [DDPM code].

    Args:
        t: timesteps 0..T−1, shape (N,).
        dim: even width of the embedding.

    Returns:
        float32, shape (N, dim).
    """
    half = dim // 2
    exponent = torch.arange(half, dtype=torch.float32, device=t.device)
    frequencies = torch.exp(-math.log(10000) / max(half - 1, 1) * exponent)
    angles = t.float()[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def xavier(layer: nn.Conv2d | nn.Linear, variance_scale: float = 1.0) -> None:
    """Xavier-uniform weights, zero bias; ``variance_scale`` 1e-10 makes a layer start near 0."""
    nn.init.xavier_uniform_(layer.weight, gain=math.sqrt(variance_scale))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


NEAR_ZERO = 1e-10


class ResidualBlock(nn.Module):
    """GroupNorm → SiLU → conv → + time → GroupNorm → SiLU → dropout → conv, plus shortcut."""

    def __init__(self, cin: int, cout: int, temb: int, groups: int, dropout: float) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, cin, eps=NORM_EPS)
        self.conv1 = nn.Conv2d(cin, cout, 3, padding=1)
        self.time = nn.Linear(temb, cout)
        self.norm2 = nn.GroupNorm(groups, cout, eps=NORM_EPS)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1)
        self.shortcut = nn.Conv2d(cin, cout, 1) if cin != cout else nn.Identity()
        for layer in (self.conv1, self.time, self.shortcut):
            if not isinstance(layer, nn.Identity):
                xavier(layer)
        xavier(self.conv2, NEAR_ZERO)

    def forward(self, x: Tensor, temb: Tensor) -> Tensor:
        """Map (N, cin, H, W) to (N, cout, H, W); ``temb`` is already through its SiLU."""
        h = norm_silu_conv(self.norm1, self.conv1, x)
        h = h + self.time(temb)[:, :, None, None]
        if self.training and self.dropout.p:
            h = self.conv2(self.dropout(norm_silu(self.norm2, h)))
        else:
            h = norm_silu_conv(self.norm2, self.conv2, h)
        return cast(Tensor, self.shortcut(x) + h)


class AttentionBlock(nn.Module):
    """Single-head self-attention over all pixels, scaled by C^−½, with a residual."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, eps=NORM_EPS)
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
            return x + self._by_pixel(h.flatten(2).transpose(1, 2)).reshape(x.shape)
        q, k, v = _pixelwise(self.qkv, h).flatten(2).chunk(3, dim=1)
        mixed = attend(q, k, v).reshape(x.shape)
        return x + _pixelwise(self.proj, mixed)

    def _by_pixel(self, pixels: Tensor) -> Tensor:
        """(N, L, C) → (N, C, L): a GPU's fused attention asks for a pixel's channels in a row."""
        q, k, v = (part.unsqueeze(1) for part in self.qkv(pixels).chunk(3, dim=-1))
        mixed = F.scaled_dot_product_attention(q, k, v).squeeze(1)
        return cast(Tensor, self.proj(mixed)).transpose(1, 2)


def _pixelwise(layer: nn.Linear, x: Tensor) -> Tensor:
    """The same linear layer for each pixel: a 1×1 convolution, which leaves x's layout alone."""
    return F.conv2d(x, layer.weight[:, :, None, None], layer.bias)


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """v·softmax(kᵀq/√C) for one head; each of shape (N, C, L), L pixels."""
    if q.device.type == "cpu" and v.dtype == torch.bfloat16:
        # torch's fused attention computes bf16 on a CPU in float32: a third of this speed.
        scores = torch.bmm(q.transpose(1, 2) * q.shape[1] ** -0.5, k)
        return torch.bmm(v, scores.softmax(-1).transpose(1, 2))
    q, k, v = (part.transpose(1, 2).unsqueeze(1) for part in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).squeeze(1).transpose(1, 2)


class Downsample(nn.Module):
    """Strided convolution, padded at the right and bottom only, as TensorFlow's SAME does."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)
        xavier(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        """Halve height and width."""
        return cast(Tensor, self.conv(F.pad(x, (0, 1, 0, 1))))


class Upsample(nn.Module):
    """Nearest-neighbour doubling, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        xavier(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        """Double height and width."""
        return F.conv_transpose2d(x, doubled(self.conv.weight), self.conv.bias, 2, 1)


def doubled(weight: Tensor) -> Tensor:
    """Weights of the transposed convolution of stride 2 that is this one after doubling.

    Of the 3×3 pixels under each output pixel, doubling makes 2×2 different ones: adding up the
    weights of equal pixels first leaves 4 of 9 multiplications.

    Args:
        weight: of a 3×3 convolution, shape (out, in, 3, 3).

    Returns:
        Shape (in, out, 4, 4).
    """
    return _between(_between(weight, 2), 3).transpose(0, 1)


def _between(weight: Tensor, dim: int) -> Tensor:
    """Three weights along ``dim`` → four: each output pixel lies under two of them or one."""
    first, second, third = weight.unbind(dim)
    return torch.stack([third, second + third, first + second, first], dim)


class Level(nn.Module):
    """The residual blocks of one resolution, each with attention where asked, and a resampler."""

    def __init__(self, blocks: list[ResidualBlock], attention: bool, resample: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)
        widths = [block.conv2.out_channels for block in blocks]
        groups = blocks[0].norm1.num_groups
        self.attention = nn.ModuleList(
            AttentionBlock(width, groups) if attention else nn.Identity() for width in widths
        )
        self.resample = resample
