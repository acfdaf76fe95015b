"""Training step [DDPM Algorithm 1, appendix B]."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine.batches import Batches, PictureRows
from ddpm_studio.engine.device.accelerator import Accelerator, Forward
from ddpm_studio.engine.device.memory_format import memory_format
from ddpm_studio.engine.device.ranks import ALONE, Ranks
from ddpm_studio.engine.ema import EMA
from ddpm_studio.engine.losses import TrainingLoss, check_loss
from ddpm_studio.engine.networks.network import Network
from ddpm_studio.engine.noise import derive_seed
from ddpm_studio.engine.noise_assignment import assigned
from ddpm_studio.engine.optimizers import optimizer
from ddpm_studio.engine.power_ema import PowerEMA
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.timesteps import timestep_sampler
from ddpm_studio.engine.training_config import TrainingConfig
from ddpm_studio.engine.training_tensors import gathered, load_exactly, parted, parts

# Streams of random numbers of their own, so that one never shifts another.
_STEP, _DROPOUT = 2, 1


@dataclass(frozen=True)
class StepResult:
    """What one step measured, still on the device: reading it waits for the device.

    Args:
        loss: mean loss of the batch, weighted where t is not uniform, shape ().
        grad_norm: norm of the gradient before clipping, shape ().
        losses: loss of each picture, shape (N,).
        index: t − 1 of each picture, shape (N,).
        lr: the learning rate used.
    """

    loss: Tensor
    grad_norm: Tensor
    losses: Tensor
    index: Tensor
    lr: float


class Trainer:
    """Holds the network, its average and the optimiser; each :meth:`step` advances them.

    The random numbers of a step depend on the seed and the step's number alone, so training on
    from step k equals training through, bit for bit on the CPU. Several ranks draw the same
    batch, each computes its slice of it; their averages are rank 0's alone.

    Args:
        model: the network, on the device.
        process: q and the parameterisation.
        images: uint8 (N, H, W, C), an array or what reads its rows.
        config: see :class:`~ddpm_studio.engine.training_config.TrainingConfig`.
        labels: class of each picture, shape (N,), for a class-conditional network alone.
        ranks: the processes that train together.

    Raises:
        ValueError: if the pictures or labels do not fit the network, or it can't be told of
            augmentation, the loss does not fit the process, an option of the settings is none, or
            there are more ranks than pictures in a batch.
    """

    def __init__(
        self,
        model: Network,
        process: DiffusionProcess,
        images: PictureRows,
        config: TrainingConfig,
        labels: npt.NDArray[np.integer] | None = None,
        ranks: Ranks = ALONE,
    ) -> None:
        ranks.share(config.pictures)
        check_loss(process, config.loss, config.timestep_sampling)
        if model.config.learned_variance != process.learned:
            raise ValueError(
                f"variance {process.variance!r} does not fit a network with "
                f"{model.config.out_channels} output channels"
            )
        if config.augmentation and not model.config.augmented:
            raise ValueError("the network was not made to be told of augmentation")
        self.device = next(model.parameters()).device
        self.layout = memory_format(self.device, config.precision)
        channels, height, width = model.config.shape
        shape = (height, width, channels)
        classes = model.config.num_classes
        self.batches = Batches(images, shape, labels, classes, self.device, self.layout)
        self.model: Network = model.to(memory_format=self.layout)  # type: ignore[call-overload]
        self.process = process
        self.config = config
        self.loss = TrainingLoss(config.loss)
        self.timesteps = timestep_sampler(config.timestep_sampling, process.schedule.T, self.device)
        self.ranks = ranks
        self.accelerator = Accelerator(self.model, config.precision, config.grad_clip, ranks)
        if config.accumulation > 1:
            self.accelerator.micro_batch = config.batch_size
        self.optimizer = optimizer(
            config.optimizer, self.model, config.weight_decay, **config.optimizer_options
        )
        self.ema = EMA(self.model, config.ema_decay)
        self.power_emas = [PowerEMA(self.model, width) for width in config.power_ema]
        self.step_number = 0
        #: False where a step was broken off while it changed the weights.
        self.whole = True
        self._generator = torch.Generator(self.device)
        config.rate(0)

    def step(self) -> StepResult:
        """Take one optimiser step [DDPM Algorithm 1].

        Where loss or gradient are no finite numbers, the step counts but changes no weight. After
        an error the same step can be taken again, unless it came while the weights changed.
        """
        config, number = self.config, self.step_number
        seed = derive_seed(config.seed, _STEP, number)
        draw = self._generator.manual_seed(seed)

        rows = self.batches.rows(number, config)
        own = self.ranks.share(len(rows))
        # Whose noise is whose depends on the whole batch, so that ranks train as one does.
        loaded = slice(0, len(rows)) if config.immiscible else own
        x0, augment_labels = self.batches.pictures(rows, loaded, config, draw)
        levels, weights = self._draw_levels(len(rows), draw)
        noise = self.batches.noise(len(rows), draw)
        if config.immiscible:
            noise = assigned(noise, x0)
            x0, augment_labels = x0[own], None if augment_labels is None else augment_labels[own]
        y = self.batches.classes(rows, config.label_dropout, draw)

        batch = x0, augment_labels, *parts(own, y, levels, noise, weights)
        mean, losses, grad_norm = self._gradient(seed, *batch)
        with self._changing():
            lr = self._follow(mean, grad_norm)
            level = self._learn_of(levels, losses)
        return StepResult(mean, grad_norm, losses, self.process.index_of(level), lr)

    def _draw_levels(self, count: int, draw: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Noise levels of this step, indices or σ, shape (N,), and their weights; None: all 1."""
        return self.timesteps.draw(count, draw)

    def _learn_of(self, levels: Tensor, losses: Tensor) -> Tensor:
        """Let the choice of t learn of a step's losses; return the levels that they are of."""
        self.timesteps.update(levels, losses)
        return levels

    def _gradient(self, seed: int, *batch: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """See :meth:`Accelerator.gradient`, of :meth:`_loss`; dropout is of the step's seed."""
        self.model.train()
        with self._dropout(seed):
            pictures = self.config.pictures
            return self.accelerator.gradient(self._loss, pictures, *batch, record=self._records)

    @property
    def _records(self) -> bool:
        """Whether :meth:`_loss` can be recorded on a GPU."""
        return True

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Where the body is broken off, the weights are no whole step's."""
        self.whole = False
        yield
        self.whole = True

    def _follow(self, mean: Tensor, grad_norm: Tensor) -> float:
        """Move weights and averages along the gradient; return the learning rate."""
        lr = self.config.rate(self.step_number)
        self.optimizer.step(lr, torch.isfinite(mean) & torch.isfinite(grad_norm))
        self.step_number += 1
        if self.ranks.rank == 0:
            self.ema.update(self.step_number)
            for average in self.power_emas:
                average.update(self.step_number)
        return lr

    def _loss(
        self,
        network: Forward,
        x0: Tensor,
        augment_labels: Tensor | None,
        y: Tensor | None,
        level: Tensor,
        noise: Tensor,
    ) -> Tensor:
        """‖ε − ε_θ(√ᾱ_t x_0 + √(1−ᾱ_t) ε, t)‖² or what the settings name, shape (N,)."""
        return self.loss(self.process, conditioned(network, y, augment_labels), x0, level, noise)

    def _dropout(self, seed: int) -> contextlib.AbstractContextManager[None]:
        """Make dropout, which draws from the global generators, a function of the step too."""
        if self.model.config.dropout == 0:
            return contextlib.nullcontext()
        own = (self.ranks.rank,) if self.ranks.rank else ()
        return self.accelerator.seeded(derive_seed(seed, _DROPOUT, *own))

    @property
    def own_pictures(self) -> int:
        """Pictures of a batch whose gradient this rank computes."""
        own = self.ranks.share(self.config.pictures)
        return int(own.stop - own.start)

    def compile(self) -> None:
        """Let torch compile the network; see :meth:`Accelerator.compile`."""
        blank = self.batches.blank(self.own_pictures, bool(self.config.augmentation))
        x0, augment_labels, y, index, noise = blank
        levels = self._blank_levels(index)
        self.accelerator.compile(self._loss, x0, augment_labels, y, levels, noise)

    def _blank_levels(self, index: Tensor) -> Tensor:
        """Levels to try the network at, as :meth:`_draw_levels` draws them."""
        return index

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """The optimiser's state by parameter, and what the choice of t has learned."""
        return gathered(self.optimizer.tensors(), timesteps=self.timesteps.tensors())

    def average_tensors(self) -> dict[str, Tensor]:
        """The power-function averages, each as ``σ_rel.parameter``."""
        return gathered({}, **{f"{one.width:g}": one.tensors() for one in self.power_emas})

    def load(
        self,
        step: int,
        model: dict[str, Tensor],
        ema: dict[str, Tensor],
        optimizer: dict[str, Tensor],
        averages: dict[str, Tensor] | None = None,
        seen: int | None = None,
    ) -> None:
        """Continue from a checkpoint's tensors.

        Args:
            step: after which they were saved.
            model: weights.
            ema: their average.
            optimizer: see :meth:`optimizer_tensors`.
            averages: see :meth:`average_tensors`.
            seen: pictures by then; None: as many as with batches of today's size throughout.

        Raises:
            ValueError: if a tensor is missing, left over or of another shape.
        """
        with self._changing():
            load_exactly(self.model, model)
            load_exactly(self.ema.model, ema)
            rest, learned = parted(optimizer, "timesteps")
            self.optimizer.load(rest)
            self.timesteps.load(learned)
            for average in self.power_emas:
                average.load(parted(averages or {}, f"{average.width:g}")[1])
            seen = step * self.config.pictures if seen is None else seen
            self.config = replace(self.config, first_step=step, first_picture=seen)
            self.step_number = step

    def reseed(self, seed: int) -> None:
        """Take the steps from here on with other pictures, noise and t."""
        self.config = replace(self.config, seed=seed)


def conditioned(network: Forward, y: Tensor | None, augment_labels: Tensor | None) -> Denoiser:
    """Denoiser of a network whose classes and augmentation are given.

    Args:
        network: called as (x, t), with y and augment_labels where they are given.
        y: class labels, shape (N,); None: it takes none.
        augment_labels: shape (N, 9); None: it takes none.
    """
    given = (y, augment_labels) if augment_labels is not None else () if y is None else (y,)
    return lambda x, t: network(x, t, *given)
