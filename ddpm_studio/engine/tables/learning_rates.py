"""Table of learning-rate schedules after the warm-up."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.engine.tables.entry import Entry, Table

_DECAYS = "ddpm_studio.engine.learning_rates.decays"


@dataclass(frozen=True, eq=False)
class LearningRateInfo(Entry):
    """Learning-rate schedule; its code is a function of the progress p through the steps.

    p is 0 at the end of the warm-up and would be 1 one step after the last. The function returns
    the factor of the learning rate, 0..1.

    Args:
        needs_steps: whether the total number of steps must be known.
    """

    needs_steps: bool = field(default=True, kw_only=True)


LEARNING_RATES = Table(
    "learning-rate schedule",
    LearningRateInfo,
    (
        LearningRateInfo(
            "constant", "constant", "the paper's", f"{_DECAYS}:constant", needs_steps=False
        ),
        LearningRateInfo("cosine", "cosine", "falls to 0 as a cosine", f"{_DECAYS}:cosine"),
        LearningRateInfo("linear", "linear to zero", "falls evenly to 0", f"{_DECAYS}:linear"),
        LearningRateInfo(
            "wsd",
            "warm-up, stable, decay",
            "falls to 0 in the last fifth",
            f"{_DECAYS}:warmup_stable_decay",
        ),
    ),
)
