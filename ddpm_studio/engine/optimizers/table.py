"""The optimisers by name; imports torch only when one is made."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from torch import nn

    from ddpm_studio.engine.optimizers.protocol import Optimizer


@dataclass(frozen=True)
class OptimizerEntry:
    """One optimiser.

    Args:
        title: for people.
        implementation: ``module:class``, called with the network and the options it takes.
        options: the names of those.
    """

    title: str
    implementation: str
    options: tuple[str, ...] = ()


_HERE = "ddpm_studio.engine.optimizers"
OPTIMIZERS: dict[str, OptimizerEntry] = {
    "adam": OptimizerEntry("Adam", f"{_HERE}.adam:Adam"),
    "adamw": OptimizerEntry("AdamW", f"{_HERE}.adamw:AdamW", ("weight_decay",)),
    "muon": OptimizerEntry("Muon", f"{_HERE}.muon:Muon", ("weight_decay",)),
}


def optimizer(name: str, network: nn.Module, **options: object) -> Optimizer:
    """Make an optimiser of a network's parameters; options that it does not take are left out.

    Raises:
        ValueError: for another name.
    """
    try:
        entry = OPTIMIZERS[name]
    except KeyError:
        raise ValueError(f"no optimiser {name!r}; there are {', '.join(OPTIMIZERS)}") from None
    module, _, kind = entry.implementation.partition(":")
    made = getattr(importlib.import_module(module), kind)
    taken = {key: value for key, value in options.items() if key in entry.options}
    return cast("Optimizer", made(network, **taken))
