"""All schedules of the learning rate after its warm-up."""

from __future__ import annotations

from ddpm_studio.engine.tables.entry import Entry, Table


class LearningRateInfo(Entry):
    """A schedule of the learning rate; its code is a function of (step, steps).

    It returns the share of the learning rate, 0..1, at step 0, 1, … of ``steps`` in all.
    """


LEARNING_RATES = Table(
    "learning-rate schedule",
    LearningRateInfo,
    (
        LearningRateInfo(
            "constant", "constant", "the paper's", "ddpm_studio.engine.learning_rates:constant"
        ),
    ),
)
