"""Construction of a run's trainer, from the contents of its ``run.json``."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from ddpm_studio.data import Dataset
from ddpm_studio.engine import Trainer, TrainingConfig, derive_seed
from ddpm_studio.engine.batches import PictureRows
from ddpm_studio.engine.consistency.trainer import ConsistencyTrainer
from ddpm_studio.engine.device.ranks import SINGLE_PROCESS, Ranks
from ddpm_studio.engine.power_ema import LONG, SHORT
from ddpm_studio.jobs.machine import device as devices
from ddpm_studio.jobs.training.adapting import load_start_weights
from ddpm_studio.metrics.subset import Subset
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunInfo

_NETWORK_SEED = 3


def build_trainer(
    info: RunInfo,
    request: TrainRequest,
    dataset: Dataset,
    images: PictureRows,
    device: torch.device,
    fine_tuned: bool = False,
    rows: npt.NDArray[np.int64] | None = None,
    ranks: Ranks = SINGLE_PROCESS,
) -> Trainer:
    """Return a trainer at step 0, with weights initialised from the seed.

    Args:
        info: the run, with its network and process.
        request: the current settings.
        dataset: the data set, whose labels are used.
        images: its pictures, wherever they are read from.
        device: device to train on.
        fine_tuned: initialise with the weights of the run that ``info.start_from`` names.
        rows: indices of the pictures to train on; None for all.
        ranks: the ranks that train together.

    Raises:
        StudioError: if those weights can't be read.
        ValueError: if the settings are incompatible.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(request.seed, _NETWORK_SEED))
        network = info.build_network()
    if fine_tuned and info.start_from:
        classes = dataset.class_names if info.student is None else None
        are_bands = info.picture_shape.are_bands
        load_start_weights(Path(info.start_from), network, classes, are_bands=are_bands)
    labels = dataset.labels if info.network_config().num_classes is not None else None
    if rows is not None:
        images = Subset(images, rows)
        labels = None if labels is None else labels[rows]
    network, process = network.to(device), info.process.build()
    config = training_config(request, device)
    if info.student is not None:
        tuning = info.student.tuning()
        return ConsistencyTrainer(network, process, images, config, tuning, labels, ranks)
    return Trainer(network, process, images, config, labels, ranks)


def training_config(request: TrainRequest, device: torch.device) -> TrainingConfig:
    """Return the engine's training configuration for a request on a device."""
    return TrainingConfig(
        batch_size=request.batch_size,
        learning_rate=request.learning_rate,
        warmup_steps=request.warmup_steps,
        grad_clip=request.grad_clip,
        ema_decay=request.ema_decay,
        flip=bool(request.flip),
        augmentation=request.augmentation or 0.0,
        immiscible=request.immiscible,
        precision=devices.choose_precision(request.precision, device),
        seed=request.seed,
        loss=request.loss,
        timestep_sampling=request.timestep_sampling,
        label_dropout=request.label_dropout,
        optimizer=request.optimizer,
        weight_decay=request.weight_decay,
        optimizer_options=request.optimizer_options,
        learning_rate_schedule=request.learning_rate_schedule,
        steps=request.steps,
        accumulation=request.accumulation,
        power_ema=(SHORT, LONG) if request.power_ema else (),
    )
