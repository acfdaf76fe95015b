"""Optimisers, each behind one small protocol and with one check for finite numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ddpm_studio.engine.checks import check_number
from ddpm_studio.engine.tables.optimizers import OPTIMIZERS, WEIGHT_DECAY

if TYPE_CHECKING:
    from torch import nn

    from ddpm_studio.engine.optimizers.protocol import Optimizer


def optimizer(
    name: str, network: nn.Module, weight_decay: float = WEIGHT_DECAY.default, **options: float
) -> Optimizer:
    """Make an optimiser of a network's parameters.

    Args:
        name: of :data:`ddpm_studio.engine.tables.OPTIMIZERS`.
        network: whose parameters are optimised.
        weight_decay: 0..1, decoupled from the gradient; left out where it has none.
        options: others that it takes, by name; their defaults if not named.

    Raises:
        ValueError: for another name, or an option that is out of range or that it has not.
    """
    entry = OPTIMIZERS[name]
    check_number("weight_decay", weight_decay, WEIGHT_DECAY.low, WEIGHT_DECAY.high)
    if entry.takes(WEIGHT_DECAY.name):
        options[WEIGHT_DECAY.name] = weight_decay
    return cast("Optimizer", entry.load()(network, **entry.chosen(options)))
