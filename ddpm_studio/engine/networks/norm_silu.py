"""Memory-efficient GroupNorm → SiLU → convolution: the backward pass recomputes intermediates.

As separate operations, each saves its input for the backward pass: three tensors of x's size. Here
only x is saved, which the network keeps anyway, and the intermediates are recomputed
(checkpointing). The kernels are those of the plain operations, so values and gradients are the
same. That is for the CPU; on a GPU the compiler fuses all three, and then needs a GroupNorm that
preserves the memory format of x.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F


def group_norm(norm: nn.GroupNorm, x: Tensor) -> Tensor:
    """GroupNorm(x), shape of x; preserves channels-last memory format when compiled."""
    if not torch.compiler.is_compiling():
        return norm(x)  # type: ignore[no-any-return]
    # torch's own turns NHWC into NCHW, and each convolution around it would transpose its input
    # back. Statistics per channel first, so that memory is read sequentially.
    groups = (norm.num_groups, -1)
    parts = torch.var_mean(x.float(), (2, 3), correction=0)
    variances, means = (part.unflatten(1, groups) for part in parts)  # type: ignore[no-untyped-call]
    mean = means.mean(2, keepdim=True)
    variance = (variances + (means - mean).square()).mean(2, keepdim=True)
    rstd = (variance + norm.eps).rsqrt()
    scale = rstd.expand_as(means).flatten(1) * norm.weight
    shift = norm.bias - mean.expand_as(means).flatten(1) * scale
    y: Tensor = x.float() * scale[:, :, None, None] + shift[:, :, None, None]
    return y.to(x.dtype)


def norm_silu(norm: nn.GroupNorm, x: Tensor) -> Tensor:
    """SiLU(GroupNorm(x)), shape of x."""
    if not _recomputes_in_backward(x):
        return F.silu(group_norm(norm, x), inplace=True)
    y: Tensor = _NormSiLU.apply(_dense(x), norm.weight, norm.bias, norm.num_groups, norm.eps)  # type: ignore[no-untyped-call]
    return y


def norm_silu_conv(norm: nn.GroupNorm, conv: nn.Conv2d, x: Tensor) -> Tensor:
    """3×3 convolution of SiLU(GroupNorm(x)): (N, cin, H, W) → (N, cout, H, W)."""
    if not _recomputes_in_backward(x):
        return conv(norm_silu(norm, x))  # type: ignore[no-any-return]
    weights = (norm.weight, norm.bias, conv.weight, conv.bias)
    y: Tensor = _NormSiLUConv.apply(_dense(x), *weights, norm.num_groups, norm.eps)  # type: ignore[no-untyped-call]
    return y


class _NormSiLU(torch.autograd.Function):
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
        grads = _norm_silu_backward(grad, y, x, mean, rstd, weight, ctx.groups)
        return *grads, None, None


class _NormSiLUConv(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        kernel: Tensor,
        offset: Tensor,
        groups: int,
        eps: float,
    ) -> Tensor:
        y, mean, rstd = _group_norm(x, weight, bias, groups, eps)
        ctx.save_for_backward(x, weight, bias, mean, rstd, kernel)
        ctx.groups, ctx.eps = groups, eps
        return F.conv2d(F.silu(y, inplace=True), kernel, offset, padding=1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, bias, mean, rstd, kernel = ctx.saved_tensors
        y, _, _ = _group_norm(x, weight, bias, ctx.groups, ctx.eps)
        output_mask = [True, ctx.needs_input_grad[3], ctx.needs_input_grad[4]]
        # Autocast does not reach the backward pass: the kernel has the weights' dtype, the rest
        # that of grad.
        grad_input, grad_kernel, grad_offset = torch.ops.aten.convolution_backward(
            grad,
            F.silu(y).to(grad.dtype),
            kernel.to(grad.dtype),
            [len(kernel)],
            *([1, 1], [1, 1], [1, 1], False, [0, 0], 1),
            output_mask,
        )
        grads = _norm_silu_backward(grad_input.to(y.dtype), y, x, mean, rstd, weight, ctx.groups)
        grad_weights = (
            None if g is None else g.to(kernel.dtype) for g in (grad_kernel, grad_offset)
        )
        return *grads, *grad_weights, None, None


def _recomputes_in_backward(x: Tensor) -> bool:
    # On a GPU these kernels handle dtypes differently; there the plain operations are used.
    unfused = torch.compiler.is_compiling() or x.device.type != "cpu"
    return not unfused and torch.is_grad_enabled()


def _dense(x: Tensor) -> Tensor:
    return x if x.is_contiguous(memory_format=torch.channels_last) else x.contiguous()


def _group_norm(
    x: Tensor, weight: Tensor, bias: Tensor, groups: int, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    n, c = x.shape[:2]
    return torch.native_group_norm(x, weight, bias, n, c, x[0, 0].numel(), groups, eps)


def _norm_silu_backward(
    grad: Tensor, y: Tensor, x: Tensor, mean: Tensor, rstd: Tensor, weight: Tensor, groups: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of x, weight and bias from that of SiLU(y); y is overwritten."""
    # In place of y, the gradient has the strides of x, which the kernel relies on.
    torch.ops.aten.silu_backward.grad_input(grad, y, grad_input=y)
    n, c = x.shape[:2]
    # All three, even if not needed: without the first, torch 2.13 fails for channels-last.
    return torch.ops.aten.native_group_norm_backward(  # type: ignore[no-any-return]
        y, x, mean, rstd, weight, n, c, x[0, 0].numel(), groups, [True] * 3
    )
