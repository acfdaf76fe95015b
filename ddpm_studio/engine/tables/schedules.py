"""Table of noise schedules β_1 … β_T."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ddpm_studio.engine.tables.entry import Entry, Table

_BETAS = "ddpm_studio.engine.schedules.betas"
_SIGMAS = "ddpm_studio.engine.schedules.sigmas"

#: β_1 and β_T of the paper.
BETA_START, BETA_END = 1e-4, 0.02


@dataclass(frozen=True, eq=False)
class ScheduleInfo(Entry):
    """Noise schedule; its code is a function of T that returns β, float64 of shape (T,).

    Args:
        ends: which of β_1 and β_T can be chosen: both, as second and third argument; only the
            last, as second; or none.
    """

    ends: Literal["both", "last", "none"] = field(default="none", kw_only=True)


SCHEDULES = Table(
    "schedule",
    ScheduleInfo,
    (
        ScheduleInfo("linear", "linear", "the paper's", f"{_BETAS}:linear", ends="both"),
        ScheduleInfo(
            "linear_scaled",
            "linear scaled",
            "linear times 1000/T, so that the last ᾱ hardly depends on T",
            f"{_BETAS}:linear_scaled",
            ends="both",
        ),
        ScheduleInfo(
            "quadratic", "quadratic", "√β rises linearly", f"{_BETAS}:quadratic", ends="both"
        ),
        ScheduleInfo(
            "constant", "constant", "the same β throughout", f"{_BETAS}:constant", ends="last"
        ),
        ScheduleInfo("reciprocal", "reciprocal", "β is 1/(T − t + 1)", f"{_BETAS}:reciprocal"),
        ScheduleInfo("cosine", "cosine", "ᾱ follows a squared cosine", f"{_BETAS}:cosine"),
        ScheduleInfo("sigmoid", "sigmoid", "β follows a sigmoid", f"{_BETAS}:sigmoid", ends="both"),
        ScheduleInfo(
            "warmup10",
            "warm-up 10 %",
            "β rises over the first tenth, then stays",
            f"{_BETAS}:warmup10",
            ends="both",
        ),
        ScheduleInfo(
            "warmup50",
            "warm-up 50 %",
            "β rises over the first half, then stays",
            f"{_BETAS}:warmup50",
            ends="both",
        ),
        ScheduleInfo("edm", "EDM", "σ from .002 to 80 by EDM's grid, ρ = 7", f"{_SIGMAS}:edm"),
        ScheduleInfo("flow", "flow", "even in the time of flow matching", f"{_SIGMAS}:flow"),
    ),
)
