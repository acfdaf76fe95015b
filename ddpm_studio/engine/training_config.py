"""Configuration of a training: what decides each of its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from ddpm_studio.engine.checks import (
    check_name,
    check_number,
    check_positive,
    check_seed,
    check_whole,
)
from ddpm_studio.engine.device.memory_format import Precision
from ddpm_studio.engine.learning_rates import learning_rate
from ddpm_studio.engine.power_ema import LONGEST, SHORTEST
from ddpm_studio.engine.tables import LEARNING_RATES, LOSSES, OPTIMIZERS, TIMESTEP_SAMPLING

_WHOLE = {
    "batch_size": 1,
    "accumulation": 1,
    "warmup_steps": 0,
    "first_step": 0,
    "first_picture": 0,
}


@dataclass(frozen=True)
class TrainingConfig:
    """What decides each step.

    Args:
        batch_size: pictures in one pass of the network.
        learning_rate: the optimiser's, after the warm-up.
        warmup_steps: linear rise of the learning rate from 0.
        grad_clip: largest norm of the gradient.
        ema_decay: final decay of the averaged weights.
        flip: mirror pictures at random.
        augmentation: probability of each change of a picture that the network is told of, see
            :func:`~ddpm_studio.engine.augmentation.draw_augment_labels`.
        immiscible: give each picture the noise of its batch that is near it, see
            :func:`~ddpm_studio.engine.noise_assignment.assigned`.
        precision: of the network's forward and backward pass; noising, loss and weights are
            float32 always.
        seed: of the order, the flips, augmentation, t, ε and dropout.
        loss: see :class:`~ddpm_studio.engine.losses.TrainingLoss`.
        timestep_sampling: a name of :data:`ddpm_studio.engine.tables.TIMESTEP_SAMPLING`.
        label_dropout: chance that a picture's class is withheld, so that guidance has a
            prediction without a class to compare with; of no effect without labels.
        optimizer: a name of :data:`ddpm_studio.engine.tables.OPTIMIZERS`.
        weight_decay: decoupled from the gradient, of the optimisers that have it.
        optimizer_options: others that the optimiser takes, by name; their defaults if not named.
        learning_rate_schedule: what follows the warm-up, a name of
            :data:`ddpm_studio.engine.tables.LEARNING_RATES`.
        steps: the number of steps planned in all, which a schedule other than constant needs.
        accumulation: passes whose gradients add up to one step.
        power_ema: relative widths σ_rel of the power-function averages to keep beside the
            average by ``ema_decay`` [EDM2 §3].
        first_step: the step from which on batches have this size.
        first_picture: how many pictures were seen before that step.

    Raises:
        ValueError: for a number out of range or an unknown name, with what is right.
    """

    batch_size: int = 128
    learning_rate: float = 2e-4
    warmup_steps: int = 5000
    grad_clip: float = 1.0
    ema_decay: float = 0.9999
    flip: bool = True
    augmentation: float = 0.0
    immiscible: bool = False
    precision: Precision = "float32"
    seed: int = 0
    loss: str = "simple"
    timestep_sampling: str = "uniform"
    label_dropout: float = 0.1
    optimizer: str = "adam"
    weight_decay: float = 0.01
    optimizer_options: Mapping[str, float] = field(default_factory=dict, hash=False)
    learning_rate_schedule: str = "constant"
    steps: int | None = None
    accumulation: int = 1
    power_ema: tuple[float, ...] = ()
    first_step: int = 0
    first_picture: int = 0

    def __post_init__(self) -> None:
        for name, low in _WHOLE.items():
            check_whole(name, getattr(self, name), low)
        for name in ("ema_decay", "augmentation", "label_dropout", "weight_decay"):
            check_number(name, getattr(self, name), 0, 1)
        check_positive("learning_rate", self.learning_rate)
        if not self.grad_clip > 0:
            raise ValueError(f"grad_clip must be above 0, not {self.grad_clip}")
        check_seed(self.seed)
        check_name("precision", self.precision, get_args(Precision))
        for name in ("flip", "immiscible"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be True or False, not {getattr(self, name)!r}")
        if self.steps is not None:
            check_whole("steps", self.steps, 1)
        for width in self.power_ema:
            check_number("power_ema", width, SHORTEST, LONGEST)
        # Those that are unknown are refused.
        for table, name in (
            (LOSSES, self.loss),
            (TIMESTEP_SAMPLING, self.timestep_sampling),
            (LEARNING_RATES, self.learning_rate_schedule),
        ):
            table[name]
        OPTIMIZERS[self.optimizer].check(self.optimizer_options)

    @property
    def pictures(self) -> int:
        """Pictures in one step."""
        return self.batch_size * self.accumulation

    def rate(self, step: int) -> float:
        """Learning rate at step 0, 1, …: a linear warm-up, then as the schedule has it.

        Raises:
            ValueError: if there is no such schedule, or it needs the number of steps.
        """
        schedule, warmup = self.learning_rate_schedule, self.warmup_steps
        return self.learning_rate * learning_rate(schedule, step, warmup, self.steps)

    def seen(self, step: int) -> int:
        """Pictures seen before step 0, 1, …"""
        return self.first_picture + (step - self.first_step) * self.pictures
