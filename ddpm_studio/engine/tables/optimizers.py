"""Table of optimisers."""

from __future__ import annotations

from ddpm_studio.engine.tables.entry import Entry, Option, Table

_OPTIMIZERS = "ddpm_studio.engine.optimizers"

WEIGHT_DECAY = Option(
    "weight_decay",
    "Weight decay",
    "Share of the learning rate by which each weight shrinks in a step.",
    0.01,
    0.0,
    1.0,
)


class OptimizerInfo(Entry):
    """Optimiser.

    Its code creates a :class:`ddpm_studio.engine.optimizers.protocol.Optimizer` of a network and
    takes its options as keyword arguments; all options but the weight decay are items of a
    request's ``optimizer_options``.
    """


OPTIMIZERS = Table(
    "optimiser",
    OptimizerInfo,
    (
        OptimizerInfo("adam", "Adam", "the paper's", f"{_OPTIMIZERS}.adam:Adam"),
        OptimizerInfo(
            "adamw",
            "AdamW",
            "with decay of the weights",
            f"{_OPTIMIZERS}.adamw:AdamW",
            options=(WEIGHT_DECAY,),
        ),
        OptimizerInfo(
            "muon",
            "Muon",
            "steps of hidden layers orthogonalised, adamw for the rest",
            f"{_OPTIMIZERS}.muon:Muon",
            options=(WEIGHT_DECAY,),
        ),
    ),
)
