"""Fused GroupNorm and SiLU: values and gradients of the two separate layers."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ddpm_studio.engine.networks.norm_silu import norm_silu, norm_silu_conv


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


def _laid(x: Tensor, layout: str) -> Tensor:
    match layout:
        case "channels last":
            return x.contiguous(memory_format=torch.channels_last)
        case "turned":
            return x.transpose(2, 3).contiguous().transpose(2, 3)
        case "expanded":
            return x[:1, :1, :1, :1].expand(x.shape)
    return x


LAYOUTS = ("rows", "channels last", "turned", "expanded")


@pytest.mark.parametrize("of_grad", LAYOUTS)
@pytest.mark.parametrize("of_x", LAYOUTS[:3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_equals_the_two_apart(of_x: str, of_grad: str, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    norm = _norm()
    x = _laid(torch.randn(3, 16, 5, 6).to(dtype), of_x).requires_grad_()
    grad = _laid(torch.randn(3, 16, 5, 6).to(dtype), of_grad)
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


@pytest.mark.parametrize("layout", LAYOUTS[:2])
def test_the_weights_alone_can_be_asked(layout: str) -> None:
    # torch 2.13's own GroupNorm crashes here when x is channels-last.
    norm = _norm()
    x = _laid(torch.randn(2, 16, 3, 3), layout)
    norm_silu(norm, x).sum().backward()
    ours = [p.grad for p in norm.parameters()]
    norm.zero_grad()
    F.silu(norm(x.contiguous())).sum().backward()
    torch.testing.assert_close(ours, [p.grad for p in norm.parameters()])


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


@pytest.mark.parametrize("layout", LAYOUTS[:2])
@pytest.mark.parametrize("bf16", [False, True])
def test_with_its_convolution_it_equals_the_three_apart(layout: str, bf16: bool) -> None:
    torch.manual_seed(0)
    norm, conv = _norm(), nn.Conv2d(16, 8, 3, padding=1)
    x = _laid(torch.randn(3, 16, 5, 6).to(torch.bfloat16 if bf16 else torch.float32), layout)
    x.requires_grad_()
    inputs = (x, *norm.parameters(), *conv.parameters())
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        apart, whole = conv(F.silu(norm(x))), norm_silu_conv(norm, conv, x)
    assert torch.equal(whole, apart)
    grad = torch.randn_like(apart)
    ours, theirs = (torch.autograd.grad(y, inputs, grad) for y in (whole, apart))
    torch.testing.assert_close(ours, theirs)


def test_with_its_convolution_the_gradient_of_x_alone_can_be_asked() -> None:
    norm, conv = _norm(), nn.Conv2d(16, 8, 3, padding=1).requires_grad_(False)
    x = torch.randn(2, 16, 4, 4, requires_grad=True)
    (alone,) = torch.autograd.grad(norm_silu_conv(norm, conv, x).square().sum(), x)
    (expected,) = torch.autograd.grad(conv(F.silu(norm(x))).square().sum(), x)
    torch.testing.assert_close(alone, expected)


def test_with_its_convolution_its_gradient_is_that_of_finite_differences() -> None:
    torch.manual_seed(0)
    norm, conv = _norm(torch.float64), nn.Conv2d(16, 2, 3, padding=1, dtype=torch.float64)
    x = torch.randn(1, 16, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: norm_silu_conv(norm, conv, x), (x,))
