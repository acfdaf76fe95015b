"""DINOv2 vision transformer, the feature extractor of FD-DINOv2 [Oquab 2023, Stein 2023].

The layers have the names of the weights that its authors publish; files with the names of Hugging
Face's ``transformers`` are accepted too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ddpm_studio.metrics.features.resizing import as_rgb, resize_to
from ddpm_studio.metrics.features.space import Basis, Features, Pictures
from ddpm_studio.metrics.features.weights import WeightsFile
from ddpm_studio.progress import Progress

_SIDE = 224
# Mean and standard deviation of ImageNet per channel, in 0..1.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_HEAD_WIDTH = 64
_NORM_EPS = 1e-6
# Added to the target size of the position grid, as published, so that rounding can't lose a row.
_OFFSET = 0.1
_NAMES = {384: "ViT-S", 768: "ViT-B", 1024: "ViT-L", 1536: "ViT-g"}

# Names of the layers in ``transformers`` → those of the authors.
_RENAMED = (
    (r"^dinov2(_with_registers)?\.", ""),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.(cls_token|mask_token|register_tokens)$", r"\1"),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^encoder\.layer\.", "blocks."),
    (r"\.attention\.output\.dense\.", ".attn.proj."),
    (r"\.attention\.attention\.(query|key|value)\.", r".attn.\1."),
    (r"\.layer_scale(\d)\.lambda1$", r".ls\1.gamma"),
    (r"\.mlp\.weights_in\.", ".mlp.w12."),
    (r"\.mlp\.weights_out\.", ".mlp.w3."),
    (r"^layernorm\.", "norm."),
)


@dataclass(frozen=True)
class DinoShape:
    """Architecture of a DINOv2 model.

    Args:
        width: width of a token, a multiple of 64.
        depth: number of blocks.
        patch: patch size in pixels.
        grid: rows and columns of patches of the learnt position embedding.
        registers: number of register tokens [Darcet 2023].
        gated: whether the MLPs are SwiGLU, as in the largest model.
        mlp_width: width of an MLP's hidden layer.
    """

    width: int
    depth: int
    patch: int
    grid: int
    registers: int
    gated: bool
    mlp_width: int

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor]) -> DinoShape:
        """Infer the architecture from the weights.

        Raises:
            ValueError: if they belong to another network; the message says what does not match.
        """
        required = ("patch_embed.proj.weight", "pos_embed", "cls_token", "blocks.0.mlp.")
        for name in required:
            if not any(given.startswith(name) for given in tensors):
                raise ValueError(f"{name.rstrip('.')} is missing")
        width, *_, patch = tensors["patch_embed.proj.weight"].shape
        blocks = {name.split(".")[1] for name in tensors if name.startswith("blocks.")}
        gated = "blocks.0.mlp.w3.weight" in tensors
        output = tensors.get(f"blocks.0.mlp.{'w3' if gated else 'fc2'}.weight")
        registers = tensors["register_tokens"].shape[1] if "register_tokens" in tensors else 0
        positions = tensors["pos_embed"].shape[1:2].numel() - 1
        grid = math.isqrt(max(0, positions))
        if output is None or output.ndim != 2 or grid * grid != positions or not grid:
            raise ValueError("its perceptrons or positions are others")
        if width % _HEAD_WIDTH or _SIDE % patch:
            raise ValueError(f"{width} features in patches of {patch} px are no size of it")
        return cls(width, len(blocks), patch, grid, registers, gated, output.shape[1])


class _LayerScale(nn.Module):
    """LayerScale: a learnt factor for each feature [Touvron 2021]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class _Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            part.unflatten(-1, (-1, _HEAD_WIDTH)).transpose(1, 2)
            for part in self.qkv(x).chunk(3, dim=-1)
        )
        attended = functional.scaled_dot_product_attention(q, k, v)
        output: Tensor = self.proj(attended.transpose(1, 2).flatten(2))
        return output


class _MLP(nn.Module):
    def __init__(self, width: int, mlp_width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, mlp_width), nn.Linear(mlp_width, width)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return output


class _SwiGLU(nn.Module):
    """MLP with a SwiGLU activation [Shazeer 2020]."""

    def __init__(self, width: int, mlp_width: int) -> None:
        super().__init__()
        self.w12, self.w3 = nn.Linear(width, 2 * mlp_width), nn.Linear(mlp_width, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, dim=-1)
        output: Tensor = self.w3(functional.silu(gate) * value)
        return output


class _Block(nn.Module):
    def __init__(self, shape: DinoShape) -> None:
        super().__init__()
        width = shape.width
        self.norm1, self.norm2 = (nn.LayerNorm(width, eps=_NORM_EPS) for _ in range(2))
        self.ls1, self.ls2 = _LayerScale(width), _LayerScale(width)
        self.attn = _Attention(width)
        self.mlp = (_SwiGLU if shape.gated else _MLP)(width, shape.mlp_width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.ls1(self.attn(self.norm1(x)))
        output: Tensor = x + self.ls2(self.mlp(self.norm2(x)))
        return output


class DinoV2(nn.Module):
    """DINOv2 transformer; its output is the normalised class token."""

    def __init__(self, shape: DinoShape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, shape.patch, shape.patch)})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + shape.grid**2, width))
        self.register_tokens = None
        if shape.registers:
            self.register_tokens = nn.Parameter(torch.zeros(1, shape.registers, width))
        self.blocks = nn.ModuleList(_Block(shape) for _ in range(shape.depth))
        self.norm = nn.LayerNorm(width, eps=_NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised pictures of whole patches, (N, 3, H, W), to features, (N, width)."""
        patches = self.patch_embed["proj"](x)
        rows, columns = patches.shape[2:]
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(x), -1, -1)
        embedded = patches.flatten(2).transpose(1, 2) + self.positions(rows, columns)
        tokens = [first, embedded]
        if self.register_tokens is not None:
            tokens.insert(1, self.register_tokens.expand(len(x), -1, -1))
        h = torch.cat(tokens, 1)
        for block in self.blocks:
            h = block(h)
        output: Tensor = self.norm(h[:, 0])
        return output

    def positions(self, rows: int, columns: int) -> Tensor:
        """Position embeddings of the patches, (1, rows · columns, width), interpolated bicubically.

        As in the published code: without registers, the scale factor is that of sides longer by
        0.1 patches, and there is no antialiasing.
        """
        grid = self.shape.grid
        embeddings = self.pos_embed[:, 1:]
        if (rows, columns) == (grid, grid):
            return embeddings
        embeddings = embeddings.transpose(1, 2).reshape(1, -1, grid, grid)
        if self.shape.registers:
            size = (rows, columns)
            resized = functional.interpolate(embeddings, size, mode="bicubic", antialias=True)
        else:
            scale = ((rows + _OFFSET) / grid, (columns + _OFFSET) / grid)
            resized = functional.interpolate(embeddings, scale_factor=scale, mode="bicubic")
        return resized.flatten(2).transpose(1, 2)


class DinoV2Space:
    """Feature space of a DINOv2 model.

    Args:
        weights: its weights, with the authors' names or those of ``transformers``.
        size: (H, W) of the pictures.

    Raises:
        ValueError: if the weights belong to another network.
    """

    def __init__(self, weights: WeightsFile, size: tuple[int, int]) -> None:
        weights = replace(weights, tensors=published_names(weights.tensors))
        try:
            shape = DinoShape.of(weights.tensors)
        except ValueError as error:
            raise ValueError(
                f"{weights.name} holds another network than DINOv2: {error}"
            ) from error
        self._network = weights.build_network(partial(DinoV2, shape))
        self._weights, self._size = weights, size

    @property
    def title(self) -> str:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        shape = self._network.shape
        name = _NAMES.get(shape.width, "ViT")
        registers = f" with {shape.registers} registers" if shape.registers else ""
        return f"{shape.width:,} features of DINOv2 {name}/{shape.patch}{registers}"

    @property
    def details(self) -> Mapping[str, object]:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        return self._weights.details(self._size, _SIDE)

    def __call__(self, pictures: Pictures, /) -> Features:
        """See :class:`~ddpm_studio.metrics.features.space.FeatureSpace`."""
        mean, std = (torch.tensor(values)[:, None, None] for values in (_MEAN, _STD))
        x = (resize_to(as_rgb(pictures), _SIDE, _SIDE) / 255 - mean) / std
        with torch.no_grad():
            return np.asarray(self._network(x).double().numpy())


def published_names(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename weights from ``transformers``' names to the authors'; the latter are kept.

    Separate query, key and value weights are concatenated, as the authors store them.
    """
    renamed = {}
    for name, tensor in tensors.items():
        for pattern, replacement in _RENAMED:
            name = re.sub(pattern, replacement, name)
        renamed[name] = tensor
    for name in [name for name in renamed if ".attn.query." in name]:
        parts = [
            renamed.pop(name.replace("query", part), None) for part in ("query", "key", "value")
        ]
        known = [part for part in parts if part is not None]
        renamed[name.replace("query", "qkv")] = torch.cat(known)
    return renamed


def dinov2_space(basis: Basis) -> Generator[Progress, None, DinoV2Space]:
    """Create the feature space of the weights in ``basis``.

    Raises:
        ValueError: if they belong to another network, or the pictures have more than 4 channels.
    """
    yield from ()
    assert basis.weights is not None
    as_rgb(basis.images[:1], basis.are_bands)
    return DinoV2Space(basis.weights, (basis.images.shape[1], basis.images.shape[2]))
