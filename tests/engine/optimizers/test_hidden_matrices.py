"""Which weights Muon orthogonalises, of each kind of network."""

from __future__ import annotations

from functools import cache

import pytest
from torch import nn

from ddpm_studio.engine import Network
from ddpm_studio.engine.networks.registry import build, build_on_meta
from ddpm_studio.engine.optimizers import optimizer
from ddpm_studio.engine.optimizers.muon import Muon, hidden_matrices
from ddpm_studio.engine.tables import NETWORKS
from tests.engine.networks.test_networks import NARROW

OWN = sorted(NETWORKS.builtin_names)


@cache
def network(kind: str, channels: int = 3, num_classes: int = 3) -> Network:
    return build_on_meta(NARROW[kind].with_fields(channels=channels, num_classes=num_classes))


def shapes(of: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(p.shape) for name, p in of.named_parameters()}


def expected(kind: str) -> set[str]:
    """Return the names of matrices and kernels of the same shape for any channels and classes."""
    ours = shapes(network(kind))
    others = [shapes(network(kind, channels=5)), shapes(network(kind, num_classes=7))]
    return {
        name
        for name, shape in ours.items()
        if len(shape) > 1 and all(other[name] == shape for other in others)
    }


@pytest.mark.parametrize("kind", OWN)
def test_hidden_layers_alone(kind: str) -> None:
    made = network(kind)
    chosen = hidden_matrices(made)
    assert set(chosen) == expected(kind)
    assert len(set(chosen)) == len(chosen) > 10
    outer = {
        name.rpartition(".")[0]
        for name, shape in shapes(made).items()
        if shape != shapes(network(kind, channels=5))[name]
    }
    assert outer == set(made.outer_layers or ())
    assert len(outer) == 2, "one reads pictures, one writes the prediction"


@pytest.mark.parametrize("kind", OWN)
def test_adamw_takes_all_others(kind: str) -> None:
    made = build(NARROW[kind].with_fields(num_classes=3))
    muon = optimizer("muon", made, weight_decay=0.1)
    assert isinstance(muon, Muon)
    names = set(shapes(made))
    moved = {name.removeprefix("momentum.") for name in muon.tensors()}
    assert moved == expected(kind)
    rest = names - moved
    assert rest >= {name for name, shape in shapes(made).items() if len(shape) == 1}
    assert any(name.startswith("label") for name in rest)
