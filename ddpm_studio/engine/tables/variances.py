"""All variances of the reverse process."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.engine.tables.entry import Entry, Table

_PROCESS = "ddpm_studio.engine.process:DiffusionProcess.log_variance"


@dataclass(frozen=True, eq=False)
class VarianceInfo(Entry):
    """A choice of σₜ² [DDPM §3.2; IDDPM §3.1].

    Args:
        learned: the network's output has a second half of channels that carries it. One that is
            not learned can be chosen anew for each drawing.
    """

    learned: bool = field(default=False, kw_only=True)


VARIANCES = Table(
    "variance",
    VarianceInfo,
    (
        VarianceInfo("fixed_large", "σ² = βₜ", "βₜ, the upper bound", _PROCESS),
        VarianceInfo("fixed_small", "σ² = β̃ₜ", "β̃ₜ, the lower bound", _PROCESS),
        VarianceInfo("learned", "learned", "exp of an output", _PROCESS, learned=True),
        VarianceInfo(
            "learned_range", "learned range", "between both by an output", _PROCESS, learned=True
        ),
    ),
)
