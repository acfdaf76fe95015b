"""The U-Net of DDPM, appendix B, with optional class labels."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NORM_EPS = 1e-6


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
        out_channels: ``channels``, or twice that if the variance is learned [IDDPM].
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
        if self.channels not in (1, 3):
            raise ValueError(f"channels must be 1 or 3, not {self.channels}")
        if not self.channel_mult or self.blocks_per_level < 1:
            raise ValueError("the network needs at least one level and one block a level")
        if self.image_size < 1 or self.image_size % self.size_multiple:
            raise ValueError(
                f"image size {self.image_size} is not a multiple of {self.size_multiple}, "
                f"as {len(self.channel_mult)} levels need"
            )
        for mult in self.channel_mult:
            if mult < 1 or (self.base_channels * mult) % self.norm_groups:
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
        """Return a preset by name: tiny, small, ddpm32 or ddpm256.

        Raises:
            ValueError: for another name, or a size that the preset's levels do not divide.
        """
        presets = {"tiny": cls.tiny, "small": cls.small, "ddpm32": cls.ddpm32}
        presets["ddpm256"] = cls.ddpm256
        if name not in presets:
            raise ValueError(f"no preset {name!r}; there are {', '.join(presets)}")
        return presets[name](image_size, channels)

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


def _xavier(layer: nn.Conv2d | nn.Linear, variance_scale: float = 1.0) -> None:
    """Xavier-uniform weights, zero bias; ``variance_scale`` 1e-10 makes a layer start near 0."""
    nn.init.xavier_uniform_(layer.weight, gain=math.sqrt(variance_scale))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


_NEAR_ZERO = 1e-10


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
                _xavier(layer)
        _xavier(self.conv2, _NEAR_ZERO)

    def forward(self, x: Tensor, temb: Tensor) -> Tensor:
        """Map (N, cin, H, W) to (N, cout, H, W); ``temb`` is already through its SiLU."""
        h = self.conv1(F.silu(self.norm1(x)))
        h = h + self.time(temb)[:, :, None, None]
        h = self.conv2(self.dropout(F.silu(self.norm2(h))))
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
        _xavier(self.proj, _NEAR_ZERO)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        n, c, h, w = x.shape
        tokens = self.norm(x).permute(0, 2, 3, 1).reshape(n, 1, h * w, c)
        q, k, v = self.qkv(tokens).chunk(3, dim=-1)
        mixed = self.proj(F.scaled_dot_product_attention(q, k, v))
        return x + cast(Tensor, mixed).reshape(n, h, w, c).permute(0, 3, 1, 2)


class Downsample(nn.Module):
    """Strided convolution, padded at the right and bottom only, as TensorFlow's SAME does."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)
        _xavier(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        """Halve height and width."""
        return cast(Tensor, self.conv(F.pad(x, (0, 1, 0, 1))))


class Upsample(nn.Module):
    """Nearest-neighbour doubling, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        _xavier(self.conv)

    def forward(self, x: Tensor) -> Tensor:
        """Double height and width."""
        return cast(Tensor, self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest")))


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
        _xavier(self.time1)
        _xavier(self.time2)
        self.label = None
        if config.num_classes is not None:
            # One more row than classes: the last stands for "no label" [classifier-free guidance].
            self.label = nn.Embedding(config.num_classes + 1, temb)
            nn.init.normal_(self.label.weight, std=0.02)

        self.conv_in = nn.Conv2d(config.channels, base, 3, padding=1)
        _xavier(self.conv_in)
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
        _xavier(self.conv_out, _NEAR_ZERO)

    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """Predict from the noisy pictures.

        Args:
            x: x_t, shape (N, channels, image_size, image_size).
            t: integer labels 0..T−1, shape (N,).
            y: class labels, shape (N,); ``num_classes`` (or None) stands for "no label".

        Returns:
            Shape (N, out_channels, image_size, image_size).

        Raises:
            ValueError: if labels are given to an unconditional network.
        """
        temb = self._embed(x, t, y)
        h = self.conv_in(x)
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
        return cast(Tensor, self.conv_out(F.silu(self.norm_out(h))))

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
