"""Training configuration: the hyperparameters that determine each step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import get_args

from ddpm_studio.engine.checks import (
    check_integer,
    check_name,
    check_number,
    check_positive,
    check_seed,
)
from ddpm_studio.engine.device.memory_format import Precision
from ddpm_studio.engine.learning_rates import learning_rate
from ddpm_studio.engine.power_ema import LONGEST, SHORTEST
from ddpm_studio.engine.tables import LEARNING_RATES, LOSSES, OPTIMIZERS, TIMESTEP_SAMPLING

_INTEGERS = {
    "batch_size": 1,
    "accumulation": 1,
    "warmup_steps": 0,
    "first_step": 0,
    "first_picture": 0,
}


@dataclass(frozen=True)
class TrainingConfig:
    """Hyperparameters of a training.

    Args:
        batch_size: pictures in one pass of the network.
        learning_rate: learning rate after the warm-up.
        warmup_steps: steps of the linear warm-up of the learning rate from 0.
        grad_clip: maximum norm of the gradient.
        ema_decay: decay of the EMA of the weights, after its warm-up.
        flip: flip pictures horizontally at random.
        augmentation: probability of each transform of non-leaky augmentation, see
            :func:`~ddpm_studio.engine.augmentation.draw_augment_labels`.
        immiscible: pair pictures with nearby noise within each batch, see
            :func:`~ddpm_studio.engine.noise_assignment.assign_noise`.
        precision: precision of the network's forward and backward pass; x_t, loss and weights are
            always float32.
        seed: seed of the shuffling, flips, augmentation, t, ε and dropout.
        loss: see :class:`~ddpm_studio.engine.losses.TrainingLoss`.
        timestep_sampling: a name of :data:`ddpm_studio.engine.tables.TIMESTEP_SAMPLING`.
        label_dropout: probability of replacing a picture's class by "no label", as
            classifier-free guidance needs; without effect without labels.
        optimizer: a name of :data:`ddpm_studio.engine.tables.OPTIMIZERS`.
        weight_decay: decoupled weight decay, for the optimisers that have it.
        optimizer_options: the optimiser's further options, by name; defaults where not given.
        learning_rate_schedule: learning-rate schedule after the warm-up, a name of
            :data:`ddpm_studio.engine.tables.LEARNING_RATES`.
        steps: planned number of steps, required by schedules other than constant.
        accumulation: passes whose gradients are accumulated in one step.
        power_ema: relative widths σ_rel of the power-function EMAs to keep in addition to that of
            ``ema_decay`` [EDM2 §3].
        first_step: first step with this batch size.
        first_picture: number of pictures seen before that step.

    Raises:
        ValueError: for a number out of range or an unknown name; the message gives what is allowed.
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
        for name, low in _INTEGERS.items():
            check_integer(name, getattr(self, name), low)
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
            check_integer("steps", self.steps, 1)
        for width in self.power_ema:
            check_number("power_ema", width, SHORTEST, LONGEST)
        # Raises for unknown names.
        for table, name in (
            (LOSSES, self.loss),
            (TIMESTEP_SAMPLING, self.timestep_sampling),
            (LEARNING_RATES, self.learning_rate_schedule),
        ):
            table[name]
        OPTIMIZERS[self.optimizer].check(self.optimizer_options)

    @property
    def pictures(self) -> int:
        """Number of pictures per step."""
        return self.batch_size * self.accumulation

    def rate(self, step: int) -> float:
        """Learning rate at step 0, 1, …: linear warm-up, then by the schedule.

        Raises:
            ValueError: if the schedule needs ``steps`` and it is None.
        """
        schedule, warmup = self.learning_rate_schedule, self.warmup_steps
        return self.learning_rate * learning_rate(schedule, step, warmup, self.steps)

    def seen(self, step: int) -> int:
        """Number of pictures seen before step 0, 1, …"""
        return self.first_picture + (step - self.first_step) * self.pictures
