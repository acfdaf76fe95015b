"""What decides each step of a training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ddpm_studio.engine.device.layout import Precision
from ddpm_studio.engine.learning_rates import learning_rate


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
        precision: of the network's forward and backward pass; noising, loss and weights are
            float32 always.
        seed: of the order, the flips, t, ε and dropout.
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
    """

    batch_size: int = 128
    learning_rate: float = 2e-4
    warmup_steps: int = 5000
    grad_clip: float = 1.0
    ema_decay: float = 0.9999
    flip: bool = True
    precision: Precision = "float32"
    seed: int = 0
    loss: str = "simple"
    timestep_sampling: str = "uniform"
    label_dropout: float = 0.1
    optimizer: str = "adam"
    weight_decay: float = 0.01
    optimizer_options: Mapping[str, float] = field(default_factory=dict)
    learning_rate_schedule: str = "constant"
    steps: int | None = None
    accumulation: int = 1
    power_ema: tuple[float, ...] = ()
    first_step: int = 0
    first_picture: int = 0

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
