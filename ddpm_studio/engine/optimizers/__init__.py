"""Optimisers, each behind one small protocol and with one check for finite numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ddpm_studio.engine.tables.optimizers import OPTIMIZERS

if TYPE_CHECKING:
    from torch import nn

    from ddpm_studio.engine.optimizers.protocol import Optimizer


def optimizer(name: str, network: nn.Module, **options: float) -> Optimizer:
    """Make an optimiser of a network's parameters; options that it does not take are left out.

    Args:
        name: of :data:`ddpm_studio.engine.tables.OPTIMIZERS`.
        network: whose parameters are optimised.
        options: by name.

    Raises:
        ValueError: for another name.
    """
    entry = OPTIMIZERS[name]
    taken = {option: value for option, value in options.items() if entry.takes(option)}
    return cast("Optimizer", entry.load()(network, **taken))
