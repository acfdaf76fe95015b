"""Muon: singular values of its update, agreement with torch's Muon, and memory layouts."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ddpm_studio.engine import UNet, UNetConfig
from ddpm_studio.engine.optimizers.muon import Muon, hidden_matrices, newton_schulz

TRUE = torch.tensor(True)


@pytest.mark.parametrize("shape", [(6, 6), (4, 6), (4, 9), (9, 4), (3, 5, 8), (3, 5, 11)])
def test_newton_schulz_keeps_singular_vectors_and_bends_the_values(shape: tuple[int, ...]) -> None:
    torch.manual_seed(1)
    matrix = torch.randn(*shape, dtype=torch.float64)
    u, sigma, vh = torch.linalg.svd(matrix, full_matrices=False)
    bent = sigma / sigma.square().sum(-1, keepdim=True).sqrt()
    for _ in range(5):
        bent = 3.4445 * bent - 4.7750 * bent**3 + 2.0315 * bent**5
    result = newton_schulz(matrix)
    torch.testing.assert_close(result, u @ torch.diag_embed(bent) @ vh)
    values = torch.linalg.svdvals(result)
    assert 0.6 < float(values.min()) < float(values.max()) < 1.2


@pytest.mark.parametrize("columns", [4, 12])
def test_a_matrix_of_zeros_stays_zero(columns: int) -> None:
    assert not newton_schulz(torch.zeros(3, columns)).any()


@pytest.mark.parametrize("columns", [60, 400])
def test_singular_values_far_apart_are_bent_as_exact_numbers_would_be(columns: int) -> None:
    """Newton–Schulz is accurate over eight orders of magnitude, in both code paths of float32."""
    torch.manual_seed(2)
    u, _, vh = torch.linalg.svd(torch.randn(48, columns, dtype=torch.float64), full_matrices=False)
    sigma = torch.logspace(0, -8, 48, dtype=torch.float64)
    bent = sigma / sigma.norm()
    for _ in range(5):
        bent = 3.4445 * bent - 4.7750 * bent**3 + 2.0315 * bent**5
    result = newton_schulz((u @ torch.diag(sigma) @ vh).float()).double()
    error = result - u @ torch.diag(bent) @ vh
    assert float(torch.linalg.matrix_norm(error, 2)) < 1e-3


def _weight(network: nn.Sequential, layer: int) -> nn.Parameter:
    weight = network[layer].weight
    assert isinstance(weight, nn.Parameter)
    return weight


def _network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.GroupNorm(2, 8), nn.Conv2d(8, 6, (3, 2)), nn.Conv2d(6, 2, 1)
    )


def test_the_first_and_the_last_layer_norms_and_embeddings_are_left_to_adamw() -> None:
    assert hidden_matrices(_network()) == ["2.weight"]
    network = UNet(UNetConfig(8, 8, 1, 32, (1, 2), 1, (4,), dropout=0.0, num_classes=3))
    chosen = hidden_matrices(network)
    left = [name for name, p in network.named_parameters() if p.ndim > 1 and name not in chosen]
    assert left == ["label.weight", "conv_in.weight", "conv_out.weight"]
    assert all(dict(network.named_parameters())[name].ndim in (2, 4) for name in chosen)


def test_of_a_linear_layer_it_is_torchs_muon() -> None:
    """A linear layer's step is that of torch's Muon, which computes in bf16.

    Liu's scale is called ``match_rms_adamw`` there.
    """
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 24), nn.Linear(24, 16, bias=False), nn.Linear(16, 2))
    weight = nn.Parameter(_weight(network, 1).detach().clone())
    theirs = torch.optim.Muon(
        [weight], weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw"
    )
    mine = Muon(network, weight_decay=0.1)
    before = weight.detach().clone()
    for _ in range(4):
        for p in network.parameters():
            p.grad = torch.randn_like(p)
        weight.grad = _weight(network, 1).grad
        mine.step(0.01, TRUE)
        theirs.param_groups[0]["lr"] = 0.01
        theirs.step()
    moved, expected = _weight(network, 1).detach() - before, weight.detach() - before
    assert float((moved - expected).norm() / expected.norm()) < 0.02


def test_a_convolution_steps_as_its_matrix_would() -> None:
    network = _network()
    kernel = _weight(network, 2)
    before = kernel.detach().clone()
    mine = Muon(network, weight_decay=0.0)
    for p in network.parameters():
        p.grad = torch.randn_like(p)
    assert kernel.grad is not None
    mine.step(0.5, TRUE)
    # The momentum is a multiple of the gradient, and orthogonalisation ignores scale.
    u, _, vh = torch.linalg.svd(kernel.grad.flatten(1), full_matrices=False)
    step = (kernel.detach() - before).flatten(1) / (-0.5 * 0.2 * math.sqrt(48))
    values = (u.mT @ step @ vh.mT).diagonal()
    assert 0.6 < float(values.min()) < float(values.max()) < 1.2
    torch.testing.assert_close(u @ torch.diag(values) @ vh, step, rtol=1e-3, atol=1e-4)


def test_memory_layout_changes_nothing_but_rounding() -> None:
    plain, last = _network(), _network().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    ours, theirs = Muon(plain, 0.1), Muon(last, 0.1)
    for _ in range(3):
        for p, q in zip(plain.parameters(), last.parameters(), strict=True):
            p.grad = torch.randn_like(p)
            q.grad = torch.empty_like(q).copy_(p.grad)
        ours.step(0.01, TRUE)
        theirs.step(0.01, TRUE)
    assert _weight(last, 2).is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(plain.state_dict(), last.state_dict(), rtol=1e-5, atol=1e-6)
    state = {key: value.contiguous() for key, value in theirs.tensors().items()}
    ours.load(state)
    torch.testing.assert_close(ours.tensors(), theirs.tensors(), rtol=0, atol=0)
