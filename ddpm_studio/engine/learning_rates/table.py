"""The learning-rate schedules by name; imports no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ddpm_studio.engine.learning_rates import decays


@dataclass(frozen=True)
class LearningRateSchedule:
    """One schedule.

    Args:
        title: for people.
        decay: the factor from the share of the steps after the warm-up that is taken, 0..1.
        needs_steps: whether the number of steps must be planned.
    """

    title: str
    decay: Callable[[float], float]
    needs_steps: bool = True


LEARNING_RATES: dict[str, LearningRateSchedule] = {
    "constant": LearningRateSchedule("Constant", decays.constant, needs_steps=False),
    "cosine": LearningRateSchedule("Cosine to zero", decays.cosine),
    "linear": LearningRateSchedule("Linear to zero", decays.linear_to_zero),
    "wsd": LearningRateSchedule("Warm-up, stable, decay", decays.warmup_stable_decay),
}


def learning_rate(schedule: str, step: int, warmup_steps: int, steps: int | None) -> float:
    """Factor of the learning rate, 0..1.

    Args:
        schedule: a name of :data:`LEARNING_RATES`.
        step: 0, 1, …
        warmup_steps: of the linear rise from 0; the first step after it has the whole rate.
        steps: planned in all; None: not known.

    Raises:
        ValueError: for another name, or a schedule that needs the number of steps without it.
    """
    try:
        chosen = LEARNING_RATES[schedule]
    except KeyError:
        names = ", ".join(LEARNING_RATES)
        raise ValueError(f"no learning-rate schedule {schedule!r}; there are {names}") from None
    if steps is None and chosen.needs_steps:
        raise ValueError(f"the learning-rate schedule {schedule!r} needs the number of steps")
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    if steps is None:
        return chosen.decay(0.0)
    return chosen.decay(min(1.0, (step - warmup_steps) / max(1, steps - warmup_steps)))
