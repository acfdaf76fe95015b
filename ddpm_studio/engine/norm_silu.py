"""GroupNorm and the SiLU behind it as one operation that keeps x alone for its gradient."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


def norm_silu(norm: nn.GroupNorm, x: Tensor) -> Tensor:
    """SiLU(GroupNorm(x)), shape of x.

    Apart, both keep their input for the backward pass: two tensors of x's size. Here x is kept,
    which the network keeps anyway, and the normalised x is computed once more.
    """
    if x.device.type == "cpu" and torch.is_grad_enabled():
        if not x.is_contiguous(memory_format=torch.channels_last):
            x = x.contiguous()
        y: Tensor = _NormSiLU.apply(x, norm.weight, norm.bias, norm.num_groups, norm.eps)  # type: ignore[no-untyped-call]
        return y
    return F.silu(norm(x), inplace=True)


class _NormSiLU(torch.autograd.Function):
    """The kernels are those of the plain operations, so values and gradients are theirs too."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float
    ) -> Tensor:
        y, mean, rstd = _group_norm(x, weight, bias, groups, eps)
        ctx.save_for_backward(x, weight, bias, mean, rstd)
        ctx.groups, ctx.eps = groups, eps
        return F.silu(y, inplace=True)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, bias, mean, rstd = ctx.saved_tensors
        y, _, _ = _group_norm(x, weight, bias, ctx.groups, ctx.eps)
        # Written over y, the gradient lies in memory as x does, which the kernel relies on.
        torch.ops.aten.silu_backward.grad_input(grad, y, grad_input=y)
        n, c = x.shape[:2]
        pixels = x[0, 0].numel()
        # All three, whatever is needed: without the first, torch 2.13 falls channels-last.
        grads = torch.ops.aten.native_group_norm_backward(
            y, x, mean, rstd, weight, n, c, pixels, ctx.groups, [True] * 3
        )
        return *grads, None, None


def _group_norm(
    x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    n, c = x.shape[:2]
    return torch.native_group_norm(x, weight, bias, n, c, x[0, 0].numel(), groups, eps)
