"""Embeddings: sinusoidal for timesteps and positions, linear for augment labels."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ddpm_studio.engine.augmentation import AUGMENT_LABELS


def timestep_embedding(t: Tensor, dim: int, *, cos_first: bool = False, shift: int = 1) -> Tensor:
    """Sinusoidal timestep embedding: [sin | cos] of t·10000^(−i/(half−shift)) [DDPM code].

    Args:
        t: timesteps 0..T−1, or any numbers, shape (N,).
        dim: even width of the embedding.
        cos_first: [cos | sin] instead, as in OpenAI's code.
        shift: 1 as in DDPM's code; 0 as in OpenAI's.

    Returns:
        float32, shape (N, dim).
    """
    half = dim // 2
    exponent = torch.arange(half, dtype=torch.float32, device=t.device)
    frequencies = torch.exp(-math.log(10000) / max(half - shift, 1) * exponent)
    angles = t.float()[:, None] * frequencies
    parts = [angles.cos(), angles.sin()] if cos_first else [angles.sin(), angles.cos()]
    return torch.cat(parts, dim=1)


def position_embedding(height: int, width: int, dim: int, device: torch.device) -> Tensor:
    """2-D sinusoidal position embedding [sin x | cos x | sin y | cos y] [ViT, DiT].

    Each part is of position·10000^(−i/(dim/4)). Positions are counted in tokens from the top left
    corner along each side, so a rectangle's embedding is a part of that of the square of its longer
    side.

    Args:
        height: tokens in a column.
        width: tokens in a row.
        dim: width of the embedding, a multiple of 4.
        device: device of the result.

    Returns:
        float32, shape (height·width, dim), in row-major order.
    """
    quarter = dim // 4
    exponent = torch.arange(quarter, dtype=torch.float32, device=device) / quarter
    frequencies = torch.exp(-math.log(10000) * exponent)
    rows, columns = torch.meshgrid(
        torch.arange(height, dtype=torch.float32, device=device),
        torch.arange(width, dtype=torch.float32, device=device),
        indexing="ij",
    )
    angles = [position.flatten()[:, None] * frequencies for position in (columns, rows)]
    return torch.cat([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1)


class AugmentationEmbedding(nn.Module):
    """Linear embedding of augment labels, without a bias: labels of 0 add nothing.

    Initialised to 0, so that it has no effect at the start of the training.

    Args:
        dim: width of the embedding.
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(AUGMENT_LABELS, dim))

    def forward(self, labels: Tensor) -> Tensor:
        """Map augment labels, shape (N, AUGMENT_LABELS), to shape (N, dim)."""
        return labels.to(self.weight.dtype) @ self.weight
