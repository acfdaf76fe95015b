"""Training step of consistency tuning [Geng et al. 2024, ECT]."""

from __future__ import annotations

import contextlib

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine.batches import PictureRows
from ddpm_studio.engine.consistency.function import check_consistency_tunable
from ddpm_studio.engine.consistency.loss import consistency_loss
from ddpm_studio.engine.consistency.pairs import ConsistencyConfig, Pairs
from ddpm_studio.engine.device.accelerator import Forward
from ddpm_studio.engine.device.ranks import SINGLE_PROCESS, Ranks
from ddpm_studio.engine.networks.network import Network
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.training import Trainer, bind_conditioning
from ddpm_studio.engine.training_config import TrainingConfig


class ConsistencyTrainer(Trainer):
    """Consistency tuning of a diffusion model into a few-step student, without a separate teacher.

    Network, EMA, optimiser, batches, checkpoints and steps are those of :class:`Trainer`; in each
    step f at σ is trained towards f at r, and a result's ``index`` is that of σ. ``loss`` and
    ``timestep_sampling`` of the settings belong to the diffusion model and are ignored.

    Args:
        model: the diffusion model, on the device.
        process: forward process q and parameterisation.
        images: pictures, uint8 (N, H, W, C): an array or a reader of rows.
        config: see :class:`Trainer`.
        tuning: hyperparameters of the level pairs and the loss.
        labels: class of each picture, shape (N,); only for a class-conditional network.
        ranks: the processes that train together.

    Raises:
        ValueError: as :class:`Trainer`, and where the network can't become a consistency
            function.
    """

    def __init__(
        self,
        model: Network,
        process: DiffusionProcess,
        images: PictureRows,
        config: TrainingConfig,
        tuning: ConsistencyConfig,
        labels: npt.NDArray[np.integer] | None = None,
        ranks: Ranks = SINGLE_PROCESS,
    ) -> None:
        check_consistency_tunable(process)
        super().__init__(model, process, images, config, labels, ranks)
        self.tuning = tuning
        self.pairs = Pairs(process, tuning, self.device)

    def _sample_levels(self, count: int, generator: torch.Generator) -> tuple[Tensor, None]:
        """Sample σ and r for each picture of this step."""
        return self.pairs.draw(count, self.step_number, generator), None

    def _update_sampler(self, levels: Tensor, losses: Tensor) -> Tensor:
        """Return the level σ of each pair, to which its loss is attributed."""
        return levels[:, 0]

    def _dummy_levels(self, index: Tensor) -> Tensor:
        level = index + 1.0 if self.process.form.continuous else index + 1
        return torch.stack([level, level - 1], 1)

    def _loss(
        self,
        network: Forward,
        x0: Tensor,
        augment_labels: Tensor | None,
        y: Tensor | None,
        pairs: Tensor,
        noise: Tensor,
    ) -> Tensor:
        return consistency_loss(
            self.process,
            bind_conditioning(network, y, augment_labels),
            x0,
            pairs,
            noise,
            self.tuning,
            self._restored_rng(),
        )

    @property
    def _is_capturable(self) -> bool:
        # Restoring the generators' state for dropout can't be captured in a CUDA graph.
        return self.model.config.dropout == 0

    def _restored_rng(self) -> contextlib.AbstractContextManager[object]:
        """Context manager that restores the RNG: what follows it gets the body's dropout mask."""
        if self.model.config.dropout == 0:
            return contextlib.nullcontext()
        return self.accelerator.preserved_rng()
