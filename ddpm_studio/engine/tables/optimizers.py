"""All optimisers."""

from __future__ import annotations

from ddpm_studio.engine.tables.entry import Entry, Table


class OptimizerInfo(Entry):
    """An optimiser; its code is called with (parameters, lr=learning rate)."""


OPTIMIZERS = Table(
    "optimiser",
    OptimizerInfo,
    (OptimizerInfo("adam", "Adam", "the paper's", "torch.optim:Adam", arguments={"fused": True}),),
)
