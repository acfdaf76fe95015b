"""Random weights made on demand by name, and the layers that use them, in plain torch."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F


class Weights(dict[str, Tensor]):
    """Weights by name, each made when it is first asked for, by its name and shape alone."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def get_or_make(self, name: str, *shape: int) -> Tensor:
        if name not in self:
            value = torch.randn(shape, generator=self.generator)
            norm = len(shape) == 1 and name.endswith("weight")
            std = math.prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.1
            self[name] = value * std + float(norm)
        return self[name]

    def norm(self, name: str, x: Tensor, eps: float = 1e-5) -> Tensor:
        weight = self.get_or_make(f"{name}.weight", x.shape[1])
        bias = self.get_or_make(f"{name}.bias", x.shape[1])
        return F.group_norm(x, 32, weight, bias, eps)

    def linear(self, name: str, x: Tensor, out: int) -> Tensor:
        weight = self.get_or_make(f"{name}.weight", out, x.shape[1])
        return F.linear(x, weight, self.get_or_make(f"{name}.bias", out))

    def conv(
        self,
        name: str,
        x: Tensor,
        out: int,
        kernel: int = 3,
        stride: int = 1,
        pad: int | None = None,
    ) -> Tensor:
        weight = self.get_or_make(f"{name}.weight", out, x.shape[1], kernel, kernel)
        bias = self.get_or_make(f"{name}.bias", out)
        return F.conv2d(x, weight, bias, stride, kernel // 2 if pad is None else pad)

    def attention(self, names: dict[str, str], x: Tensor, eps: float) -> Tensor:
        """Apply single-head self-attention over all pixels, softmax(qᵀk/√C) v, with a residual.

        Args:
        names: the names of the weights of norm, q, k, v and out.
        x: shape (N, C, H, W).
        eps: of the normalisation.
        """
        n, c = x.shape[:2]
        h = self.norm(names["norm"], x, eps)
        q, k, v = (self.conv(names[part], h, c, kernel=1).reshape(n, c, -1) for part in "qkv")
        weight = torch.softmax(torch.einsum("nci,ncj->nij", q, k) / math.sqrt(c), dim=2)
        mixed = torch.einsum("nij,ncj->nci", weight, v).reshape(x.shape)
        return x + self.conv(names["out"], mixed, c, kernel=1)


def doubled(x: Tensor) -> Tensor:
    """Upsample by a factor of 2 with nearest neighbours."""
    return x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def close(ours: Tensor, theirs: Tensor) -> bool:
    """Whether two outputs are equal to 1e-5; asserts that they are not constant."""
    assert float(theirs.std()) > 0.1
    return float((ours - theirs).abs().max()) < 1e-5 * max(1.0, float(theirs.abs().max()))
