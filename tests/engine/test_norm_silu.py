"""GroupNorm and SiLU in one: values and gradients of the two apart."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm_studio.engine.norm_silu import norm_silu


def _norm(dtype: torch.dtype = torch.float32) -> nn.GroupNorm:
    norm = nn.GroupNorm(4, 16, dtype=dtype)
    with torch.no_grad():
        norm.weight.normal_()
        norm.bias.normal_()
    return norm


def test_its_gradient_is_that_of_finite_differences() -> None:
    torch.manual_seed(0)
    norm = _norm(torch.float64)
    x = torch.randn(2, 16, 3, 2, dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(
        lambda x, w, b: torch.func.functional_call(
            _Both(norm), {"norm.weight": w, "norm.bias": b}, (x,)
        ),
        (x, norm.weight, norm.bias),
    )


class _Both(nn.Module):
    def __init__(self, norm: nn.GroupNorm) -> None:
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        return norm_silu(self.norm, x)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_equals_the_two_apart(layout: torch.memory_format, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    norm = _norm()
    x = torch.randn(3, 16, 5, 6).to(dtype).contiguous(memory_format=layout).requires_grad_()
    grad = torch.randn(3, 16, 5, 6).to(dtype).contiguous(memory_format=layout)
    inputs = (x, norm.weight, norm.bias)
    apart, both = F.silu(norm(x)), norm_silu(norm, x)
    assert torch.equal(both, apart)
    for ours, theirs in zip(
        torch.autograd.grad(both, inputs, grad),
        torch.autograd.grad(apart, inputs, grad),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)
    with torch.no_grad():
        assert torch.equal(norm_silu(norm, x), apart)


def test_it_keeps_its_input_alone() -> None:
    norm = _norm()
    x = torch.randn(2, 16, 8, 8, requires_grad=True)
    kept: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        norm_silu(norm, x)
    large = [t for t in kept if t.numel() == x.numel()]
    assert [t.data_ptr() for t in large] == [x.data_ptr()]
