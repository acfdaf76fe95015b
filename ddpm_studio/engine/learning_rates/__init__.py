"""Learning-rate schedules: linear warm-up, then a decay over the training."""

from __future__ import annotations

from typing import cast

from ddpm_studio.engine.checks import check_integer
from ddpm_studio.engine.tables.learning_rates import LEARNING_RATES


def learning_rate(schedule: str, step: int, warmup_steps: int, steps: int | None) -> float:
    """Factor of the learning rate at a step, 0..1.

    Args:
        schedule: a name of :data:`ddpm_studio.engine.tables.LEARNING_RATES`.
        step: 0, 1, …
        warmup_steps: steps of the linear warm-up from 0; the step after it has the full rate.
        steps: planned number of steps; None: unknown.

    Raises:
        ValueError: for an unknown name, or if the schedule needs ``steps`` and it is None.
    """
    check_integer("the step", step, 0)
    check_integer("warmup_steps", warmup_steps, 0)
    if steps is not None:
        check_integer("steps", steps, 1)
    entry = LEARNING_RATES[schedule]
    if steps is None and entry.needs_steps:
        raise ValueError(f"the learning-rate schedule {schedule!r} needs the number of steps")
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = 0.0 if steps is None else (step - warmup_steps) / max(1, steps - warmup_steps)
    return cast(float, entry.load()(min(1.0, progress)))
