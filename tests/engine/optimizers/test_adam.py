"""Adam and AdamW against their formulas and torch's plain loops."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ddpm_studio.engine.optimizers import optimizer
from ddpm_studio.engine.optimizers.protocol import Optimizer
from ddpm_studio.engine.tables import OPTIMIZERS

TRUE = torch.tensor(True)
RATES = [0.1, 0.03, 0.3, 0.01]


def _network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.LayerNorm(5), nn.Linear(5, 2))


def _gradients(network: nn.Module, step: int) -> None:
    generator = torch.Generator().manual_seed(step)
    for p in network.parameters():
        p.grad = torch.randn(p.shape, generator=generator)


def test_adamw_is_torchs() -> None:
    ours, theirs = _network(), _network()
    mine = optimizer("adamw", ours, weight_decay=0.2)
    reference = torch.optim.AdamW(theirs.parameters(), weight_decay=0.2, foreach=False, fused=False)
    for step, lr in enumerate(RATES):
        _gradients(ours, step)
        _gradients(theirs, step)
        mine.step(lr, TRUE)
        reference.param_groups[0]["lr"] = lr
        reference.step()
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "decay"), [("adam", 0.0), ("adamw", 0.2)])
def test_the_formula(name: str, decay: float) -> None:
    network = _network()
    mine = optimizer(name, network, weight_decay=0.2)
    weight = next(network.parameters())
    expected = weight.detach().double()
    m = v = torch.zeros_like(expected)
    for step, lr in enumerate(RATES, 1):
        _gradients(network, step)
        assert weight.grad is not None
        g = weight.grad.double()
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        expected = expected * (1 - lr * decay)
        expected = expected - lr * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
        mine.step(lr, TRUE)
    torch.testing.assert_close(weight.detach().double(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_is_not_finite_changes_nothing(name: str) -> None:
    network = _network()
    mine = optimizer(name, network, weight_decay=0.2)
    _gradients(network, 0)
    mine.step(0.1, TRUE)
    before = _told(network, mine)
    for p in network.parameters():
        p.grad = torch.full_like(p, torch.nan)
    mine.step(0.1, torch.tensor(False))
    after = _told(network, mine)
    assert before.keys() == after.keys()
    assert all(torch.equal(after[key], before[key]) for key in before)
    _gradients(network, 1)
    mine.step(0.1, TRUE)
    assert not all(torch.equal(_told(network, mine)[key], before[key]) for key in before)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_loaded_state_goes_on_bit_for_bit(name: str) -> None:
    through, first, second = _network(), _network(), _network()
    one, two = (optimizer(name, network, weight_decay=0.2) for network in (through, first))
    for step, lr in enumerate(RATES):
        _gradients(through, step)
        one.step(lr, TRUE)
        if step == 2:
            second.load_state_dict(first.state_dict())
            state = {key: value.clone() for key, value in two.tensors().items()}
            first, two = second, optimizer(name, second, weight_decay=0.2)
            two.load(state)
        _gradients(first, step)
        two.step(lr, TRUE)
    expected, got = _told(through, one), _told(first, two)
    assert expected.keys() == got.keys()
    assert all(torch.equal(got[key], expected[key]) for key in expected)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_state_that_lacks_something_is_refused(name: str) -> None:
    network = _network()
    mine = optimizer(name, network, weight_decay=0.2)
    _gradients(network, 0)
    mine.step(0.1, TRUE)
    state = mine.tensors()
    for key in state:
        with pytest.raises(ValueError, match="the optimiser state lacks a fitting"):
            mine.load({k: v for k, v in state.items() if k != key})
    key = next(key for key, value in state.items() if value.ndim == 2)
    with pytest.raises(ValueError, match=f"lacks a fitting {key}"):
        mine.load({**state, key: state[key].mT})


def test_another_name_is_refused_with_a_list_of_those_there_are() -> None:
    with pytest.raises(ValueError, match="no optimiser 'sgd'; there are adam, adamw, muon"):
        optimizer("sgd", _network())


def _told(network: nn.Module, mine: Optimizer) -> dict[str, torch.Tensor]:
    return {k: v.clone() for k, v in {**network.state_dict(), **mine.tensors()}.items()}
