"""Table of variances σₜ² of the reverse process."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.engine.tables.entry import Entry, Table

_VARIANCES = "ddpm_studio.engine.variances"


@dataclass(frozen=True, eq=False)
class VarianceInfo(Entry):
    """Variance σₜ² of the reverse process [DDPM §3.2; IDDPM §3.1].

    Its code is a function of (schedule, index, v, x_t) that returns log σₜ², such as
    :func:`ddpm_studio.engine.variances.fixed_large`.

    Args:
        learned: the network outputs it in a second half of channels. A fixed variance can be chosen
            for each sampling run.
    """

    learned: bool = field(default=False, kw_only=True)


VARIANCES = Table(
    "variance",
    VarianceInfo,
    (
        VarianceInfo("fixed_large", "σ² = βₜ", "βₜ, the upper bound", f"{_VARIANCES}:fixed_large"),
        VarianceInfo("fixed_small", "σ² = β̃ₜ", "β̃ₜ, the lower bound", f"{_VARIANCES}:fixed_small"),
        VarianceInfo(
            "learned", "learned", "exp of an output", f"{_VARIANCES}:learned", learned=True
        ),
        VarianceInfo(
            "learned_range",
            "learned range",
            "between both by an output",
            f"{_VARIANCES}:learned_range",
            learned=True,
        ),
    ),
)
