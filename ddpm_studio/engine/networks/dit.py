"""Diffusion transformer (DiT) with adaLN-Zero [Peebles & Xie 2023]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm_studio.engine.networks.embeddings import (
    AugmentationEmbedding,
    position_embedding,
    timestep_embedding,
)
from ddpm_studio.engine.networks.network import (
    Network,
    NetworkConfig,
    conditioning_embedding,
    require_pictures,
)
from ddpm_studio.engine.networks.unet_blocks import xavier
from ddpm_studio.engine.networks.unet_config import height_width

_NORM_EPS = 1e-6
_EMBEDDING = 256
_EMBEDDING_STD = 0.02


@dataclass(frozen=True)
class DiTConfig(NetworkConfig):
    """Configuration of the network.

    Args:
        patch: patch size: side in pixels of the square that becomes one token; both sides of a
            picture are multiples of it.
        hidden: width of a token, a multiple of 4 and of ``heads``.
        depth: number of blocks.
        heads: number of attention heads.
        mlp_ratio: width of the MLP's hidden layer in a block, as a multiple of ``hidden``.
        dropout: probability, 0..1, on the outputs of attention and MLP.
    """

    kind: ClassVar[str] = "dit"

    patch: int = 2
    hidden: int = 192
    depth: int = 6
    heads: int = 3
    mlp_ratio: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        limits = {"patch": 64, "hidden": 4096, "depth": 64, "heads": 64, "mlp_ratio": 16}
        self.require_at_most(limits)
        self.require_multiples("its patches")
        if self.hidden % 4 or self.hidden % self.heads:
            raise ValueError(
                f"hidden must be a multiple of 4 and of {self.heads} heads, not {self.hidden}"
            )

    @property
    def size_multiple(self) -> int:
        """Divisor of both sides of a picture: the patch size."""
        return self.patch

    @classmethod
    def small(cls, size: int | tuple[int, int] = 32, channels: int = 3) -> DiTConfig:
        """Return the configuration of a transformer with some 4 million parameters.

        Args:
            size: side of the pictures, or (height, width), in pixels.
            channels: channels of the pictures.
        """
        return cls(*height_width(size), channels)


class DiT(Network):
    """Diffusion transformer over patches.

    Position embeddings are the sines and cosines of row and column, so that rectangles need no
    special treatment. At initialisation each block is the identity, and the prediction is 0.
    """

    in_float32 = ("time1.", "time2.", "label.", "augmentation.")
    outer_layers = ("patches", "out")
    mixes_classes = True
    takes_augmentation = True

    config: DiTConfig

    def __init__(self, config: DiTConfig) -> None:
        super().__init__(config)
        width, pixels = config.hidden, config.patch**2
        self.time1, self.time2 = nn.Linear(_EMBEDDING, width), nn.Linear(width, width)
        self.label = None
        if config.num_classes is not None:
            # One more row than classes: the last stands for "no label" [classifier-free guidance].
            self.label = nn.Embedding(config.num_classes + 1, width)
        self.patches = nn.Linear(config.channels * pixels, width)
        self.blocks = nn.ModuleList(_Block(config) for _ in range(config.depth))
        self.modulation = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, config.out_channels * pixels)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                xavier(module)
        embeddings = [layer for layer in (self.time1, self.time2, self.label) if layer is not None]
        for layer in embeddings:
            nn.init.normal_(layer.weight, std=_EMBEDDING_STD)
        blocks = cast("list[_Block]", list(self.blocks))
        for zeroed in (self.modulation, self.out, *(block.modulation for block in blocks)):
            nn.init.zeros_(zeroed.weight)
        self.augmentation = AugmentationEmbedding(width) if config.augmented else None

    def forward(
        self, x: Tensor, t: Tensor, y: Tensor | None = None, augment_labels: Tensor | None = None
    ) -> Tensor:
        """See :meth:`Network.forward` and :attr:`Network.takes_augmentation`."""
        require_pictures(self.config, x)
        config, computed_in = self.config, self.patches.weight.dtype
        condition = self._embed(x, t, y, augment_labels).to(computed_in)
        rows, columns = (side // config.patch for side in x.shape[2:])
        # (N, C·p², rows, columns) → (N, rows·columns, C·p²)
        tokens = F.pixel_unshuffle(x, config.patch).flatten(2).transpose(1, 2)
        positions = position_embedding(rows, columns, config.hidden, x.device)
        h = self.patches(tokens.to(computed_in)) + positions.to(computed_in)
        for block in self.blocks:
            h = block(h, condition)
        shift, scale = self.modulation(condition)[:, None].chunk(2, dim=-1)
        h = self.out(_modulate(h, shift, scale))
        grid = h.transpose(1, 2).unflatten(2, (rows, columns))
        return F.pixel_shuffle(grid, config.patch).to(x.dtype)

    def _embed(
        self, x: Tensor, t: Tensor, y: Tensor | None, augment_labels: Tensor | None
    ) -> Tensor:
        embedding = timestep_embedding(t, _EMBEDDING, cos_first=True, shift=0)
        time = self.time2(F.silu(self.time1(embedding)))
        return F.silu(
            conditioning_embedding(
                self.config, time, x, self.label, y, self.augmentation, augment_labels
            )
        )


class _Block(nn.Module):
    """Transformer block with adaLN-Zero: attention and MLP, shifted, scaled and gated by t."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        width, mlp_width = config.hidden, config.mlp_ratio * config.hidden
        self.heads, self.dropout = config.heads, config.dropout
        self.modulation = nn.Linear(width, 6 * width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp1, self.mlp2 = nn.Linear(width, mlp_width), nn.Linear(mlp_width, width)

    def forward(self, h: Tensor, condition: Tensor) -> Tensor:
        """Map tokens, (N, L, hidden), conditioned on t and class, (N, hidden); same shape."""
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(condition)[:, None].chunk(
            6, dim=-1
        )
        h = h + gate1 * self._dropout(self._attention(_modulate(h, shift1, scale1)))
        hidden = F.gelu(self.mlp1(_modulate(h, shift2, scale2)), approximate="tanh")
        return cast(Tensor, h + gate2 * self._dropout(self.mlp2(hidden)))

    def _attention(self, h: Tensor) -> Tensor:
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.qkv(h).chunk(3, dim=-1)
        )
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return cast(Tensor, self.proj(attended))

    def _dropout(self, h: Tensor) -> Tensor:
        return F.dropout(h, self.dropout, self.training)


def _modulate(h: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    normal = F.layer_norm(h, h.shape[-1:], eps=_NORM_EPS)
    return torch.addcmul(shift, normal, 1 + scale)
