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
from ddpm_studio.engine.device.ranks import SINGLE_PROCESS, Ranks
from ddpm_studio.engine.ema import EMA
from ddpm_studio.engine.losses import TrainingLoss, check_loss
from ddpm_studio.engine.networks.network import Network
from ddpm_studio.engine.noise import derive_seed
from ddpm_studio.engine.noise_assignment import assign_noise
from ddpm_studio.engine.optimizers import optimizer
from ddpm_studio.engine.power_ema import PowerEMA
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.timesteps import timestep_sampler
from ddpm_studio.engine.training_config import TrainingConfig
from ddpm_studio.engine.training_tensors import load_strict, merge_tensors, parts, split_tensors

# Keys of independent random streams.
_STEP, _DROPOUT = 2, 1


@dataclass(frozen=True)
class StepResult:
    """Result of a training step, on the device: reading it synchronises with the device.

    Args:
        loss: mean loss of the batch, weighted where t is not uniform, shape ().
        grad_norm: norm of the gradient before clipping, shape ().
        losses: loss of each picture, shape (N,).
        index: t − 1 of each picture, shape (N,).
        lr: learning rate of the step.
    """

    loss: Tensor
    grad_norm: Tensor
    losses: Tensor
    index: Tensor
    lr: float


class Trainer:
    """Training state (network, EMA, optimiser), which each :meth:`step` advances.

    The random numbers of a step depend only on the seed and the step's number, so a training
    resumed at step k equals an uninterrupted one, bit for bit on the CPU. All ranks draw the same
    batch, and each computes its slice of it; the weight averages are updated on rank 0 only.

    Args:
        model: the network, on the device.
        process: forward process q and parameterisation.
        images: pictures, uint8 (N, H, W, C): an array or a reader of rows.
        config: see :class:`~ddpm_studio.engine.training_config.TrainingConfig`.
        labels: class of each picture, shape (N,); only for a class-conditional network.
        ranks: the processes that train together.

    Raises:
        ValueError: if the pictures, labels or variance do not match the network, it can't be
            conditioned on augmentation, the loss does not match the process, an option of the
            settings is invalid, or there are more ranks than pictures in a batch.
    """

    def __init__(
        self,
        model: Network,
        process: DiffusionProcess,
        images: PictureRows,
        config: TrainingConfig,
        labels: npt.NDArray[np.integer] | None = None,
        ranks: Ranks = SINGLE_PROCESS,
    ) -> None:
        ranks.local_slice(config.pictures)
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
        #: False if a step was interrupted while it changed the weights.
        self.consistent = True
        self._generator = torch.Generator(self.device)
        config.rate(0)

    def step(self) -> StepResult:
        """Take one optimiser step [DDPM Algorithm 1].

        If loss or gradient are not finite, the step counts but changes no weight. After an error
        the same step can be retried, unless the weights were already being changed: see
        ``consistent``.
        """
        config, number = self.config, self.step_number
        seed = derive_seed(config.seed, _STEP, number)
        generator = self._generator.manual_seed(seed)

        rows = self.batches.rows(number, config)
        local = self.ranks.local_slice(len(rows))
        # The assignment is over the global batch, so that the result doesn't depend on the ranks.
        loaded = slice(0, len(rows)) if config.immiscible else local
        x0, augment_labels = self.batches.pictures(rows, loaded, config, generator)
        levels, weights = self._sample_levels(len(rows), generator)
        noise = self.batches.noise(len(rows), generator)
        if config.immiscible:
            noise = assign_noise(noise, x0)
            x0 = x0[local]
            augment_labels = None if augment_labels is None else augment_labels[local]
        y = self.batches.classes(rows, config.label_dropout, generator)

        batch = x0, augment_labels, *parts(local, y, levels, noise, weights)
        mean, losses, grad_norm = self._gradient(seed, *batch)
        with self._mark_inconsistent():
            lr = self._apply_gradient(mean, grad_norm)
            level = self._update_sampler(levels, losses)
        return StepResult(mean, grad_norm, losses, self.process.index_of(level), lr)

    def _sample_levels(
        self, count: int, generator: torch.Generator
    ) -> tuple[Tensor, Tensor | None]:
        """Sample the step's levels, indices or σ, shape (N,), and their weights (None: all 1)."""
        return self.timesteps.draw(count, generator)

    def _update_sampler(self, levels: Tensor, losses: Tensor) -> Tensor:
        """Update the timestep sampler with the losses; return the level of each loss."""
        self.timesteps.update(levels, losses)
        return levels

    def _gradient(self, seed: int, *batch: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Gradient of :meth:`_loss`, with dropout seeded by the step; see the accelerator."""
        self.model.train()
        with self._dropout(seed):
            pictures = self.config.pictures
            return self.accelerator.gradient(
                self._loss, pictures, *batch, record=self._is_capturable
            )

    @property
    def _is_capturable(self) -> bool:
        """Whether :meth:`_loss` can be captured in a CUDA graph."""
        return True

    @contextlib.contextmanager
    def _mark_inconsistent(self) -> Iterator[None]:
        """Context manager that leaves ``consistent`` False if its body is interrupted."""
        self.consistent = False
        yield
        self.consistent = True

    def _apply_gradient(self, mean: Tensor, grad_norm: Tensor) -> float:
        """Apply the gradient: update weights and averages; return the learning rate."""
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
        """Loss ‖ε − ε_θ(√ᾱ_t x_0 + √(1−ᾱ_t) ε, t)‖², or another by the settings, shape (N,)."""
        return self.loss(
            self.process, bind_conditioning(network, y, augment_labels), x0, level, noise
        )

    def _dropout(self, seed: int) -> contextlib.AbstractContextManager[None]:
        """Context manager that seeds dropout, which uses the global generators, by the step."""
        if self.model.config.dropout == 0:
            return contextlib.nullcontext()
        rank_key = (self.ranks.rank,) if self.ranks.rank else ()
        return self.accelerator.seeded_rng(derive_seed(seed, _DROPOUT, *rank_key))

    @property
    def local_batch_size(self) -> int:
        """Number of pictures in this rank's slice of a batch."""
        local = self.ranks.local_slice(self.config.pictures)
        return int(local.stop - local.start)

    def compile(self) -> None:
        """Compile the network with ``torch.compile``; see :meth:`Accelerator.compile`."""
        dummy_batch = self.batches.dummy_batch(
            self.local_batch_size, bool(self.config.augmentation)
        )
        x0, augment_labels, y, index, noise = dummy_batch
        levels = self._dummy_levels(index)
        self.accelerator.compile(self._loss, x0, augment_labels, y, levels, noise)

    def _dummy_levels(self, index: Tensor) -> Tensor:
        """Dummy levels for a trial pass, in the form of :meth:`_sample_levels`."""
        return index

    def optimizer_tensors(self) -> dict[str, Tensor]:
        """Return the optimiser's state by parameter, and the timestep sampler's state."""
        return merge_tensors(self.optimizer.tensors(), timesteps=self.timesteps.tensors())

    def average_tensors(self) -> dict[str, Tensor]:
        """Return the power-function averages, as ``σ_rel.parameter``."""
        return merge_tensors(
            {}, **{f"{average.width:g}": average.tensors() for average in self.power_emas}
        )

    def load(
        self,
        step: int,
        model: dict[str, Tensor],
        ema: dict[str, Tensor],
        optimizer: dict[str, Tensor],
        averages: dict[str, Tensor] | None = None,
        seen: int | None = None,
    ) -> None:
        """Resume from a checkpoint's tensors.

        Args:
            step: number of steps taken when they were saved.
            model: weights.
            ema: EMA of the weights.
            optimizer: see :meth:`optimizer_tensors`.
            averages: see :meth:`average_tensors`.
            seen: pictures seen by then; None: as many as with the current batch size throughout.

        Raises:
            ValueError: if a tensor is missing, superfluous or of another shape.
        """
        with self._mark_inconsistent():
            load_strict(self.model, model)
            load_strict(self.ema.model, ema)
            remaining, timesteps = split_tensors(optimizer, "timesteps")
            self.optimizer.load(remaining)
            self.timesteps.load(timesteps)
            for average in self.power_emas:
                average.load(split_tensors(averages or {}, f"{average.width:g}")[1])
            seen = step * self.config.pictures if seen is None else seen
            self.config = replace(self.config, first_step=step, first_picture=seen)
            self.step_number = step

    def reseed(self, seed: int) -> None:
        """Change the seed of the following steps: other pictures, noise and t."""
        self.config = replace(self.config, seed=seed)


def bind_conditioning(
    network: Forward, y: Tensor | None, augment_labels: Tensor | None
) -> Denoiser:
    """Bind classes and augment labels to a network, which makes it a Denoiser of (x, t).

    Args:
        network: called as (x, t), with y and augment_labels where they are given.
        y: class labels, shape (N,); None: not passed.
        augment_labels: shape (N, 9); None: not passed.
    """
    given = (y, augment_labels) if augment_labels is not None else () if y is None else (y,)
    return lambda x, t: network(x, t, *given)
