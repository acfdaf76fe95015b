"""Training step of consistency tuning [Geng et al. 2024, ECT]."""

from __future__ import annotations

import contextlib

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine.batches import PictureRows
from ddpm_studio.engine.consistency.function import check_tunable
from ddpm_studio.engine.consistency.loss import consistency_loss
from ddpm_studio.engine.consistency.pairs import ConsistencyConfig, Pairs
from ddpm_studio.engine.device.accelerator import Forward
from ddpm_studio.engine.device.ranks import ALONE, Ranks
from ddpm_studio.engine.networks.network import Network
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.training import Trainer, conditioned
from ddpm_studio.engine.training_config import TrainingConfig


class ConsistencyTrainer(Trainer):
    """Tunes a diffusion model into a few-step student; no teacher is held beside it.

    What trains, its average, optimiser, batches, checkpoints and steps are a :class:`Trainer`'s; in
    each step f at σ moves towards f at r, and a result's ``index`` is that of σ. ``loss`` and
    ``timestep_sampling`` of the settings are of the diffusion model, and not looked at.

    Args:
        model: the diffusion model, on the device.
        process: q and the parameterisation.
        images: uint8 (N, H, W, C), an array or what reads its rows.
        config: see :class:`Trainer`.
        tuning: which levels are compared, and how.
        labels: class of each picture, shape (N,), for a class-conditional network alone.
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
        ranks: Ranks = ALONE,
    ) -> None:
        check_tunable(process)
        super().__init__(model, process, images, config, labels, ranks)
        self.tuning = tuning
        self.pairs = Pairs(process, tuning, self.device)

    def _draw_levels(self, count: int, draw: torch.Generator) -> tuple[Tensor, None]:
        """σ and r of each picture of this step."""
        return self.pairs.draw(count, self.step_number, draw), None

    def _learn_of(self, levels: Tensor, losses: Tensor) -> Tensor:
        """Return the σ that the losses are of: f at σ was moved towards f at r."""
        return levels[:, 0]

    def _blank_levels(self, index: Tensor) -> Tensor:
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
            conditioned(network, y, augment_labels),
            x0,
            pairs,
            noise,
            self.tuning,
            self._same_dropout(),
        )

    @property
    def _records(self) -> bool:
        # To set the generators back can't be recorded.
        return self.model.config.dropout == 0

    def _same_dropout(self) -> contextlib.AbstractContextManager[object]:
        """Let what follows the body drop out what the body does."""
        if self.model.config.dropout == 0:
            return contextlib.nullcontext()
        return self.accelerator.rewound()
