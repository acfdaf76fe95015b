"""Optimisers (Adam, AdamW, Muon) behind one protocol that skips non-finite steps."""

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
    """Create an optimiser of a network's parameters by name.

    Args:
        name: a name of :data:`ddpm_studio.engine.tables.OPTIMIZERS`.
        network: the network to optimise.
        weight_decay: decoupled weight decay, 0..1; ignored by an optimiser without.
        options: the optimiser's further options, by name; defaults where not given.

    Raises:
        ValueError: for an unknown name, or an option that is out of range or not supported.
    """
    entry = OPTIMIZERS[name]
    check_number("weight_decay", weight_decay, WEIGHT_DECAY.low, WEIGHT_DECAY.high)
    if entry.accepts(WEIGHT_DECAY.name):
        options[WEIGHT_DECAY.name] = weight_decay
    return cast("Optimizer", entry.load()(network, **entry.option_values(options)))
