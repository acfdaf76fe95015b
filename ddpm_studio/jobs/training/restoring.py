"""Restoring a trainer from the newest checkpoint that can be read."""

from __future__ import annotations

from collections.abc import Iterable

from ddpm_studio.engine import Trainer
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.jobs.events import Notice
from ddpm_studio.jobs.training.changes import pictures_seen
from ddpm_studio.runs import Checkpoint, RunInfo


def load_first_readable(
    checkpoints: Iterable[Checkpoint], trainer: Trainer, info: RunInfo
) -> tuple[Checkpoint | None, list[Checkpoint], list[Notice]]:
    """Load the first of these checkpoints that can be read.

    Returns:
        That checkpoint, None if there is none; the checkpoints that could not be read; and a
        notice of the reason for each of these.
    """
    damaged: list[Checkpoint] = []
    notices: list[Notice] = []
    for checkpoint in checkpoints:
        try:
            load_checkpoint(checkpoint, trainer, info)
        except (StudioError, ValueError) as error:
            cause = Failure.of(error).cause
            notices.append(Notice(f"Step {checkpoint.step} is passed over: {cause}"))
            damaged.append(checkpoint)
        else:
            return checkpoint, damaged, notices
    return None, damaged, notices


def load_checkpoint(checkpoint: Checkpoint, trainer: Trainer, info: RunInfo) -> None:
    """Load a checkpoint of a run into a trainer.

    Raises:
        StudioError: if the checkpoint is damaged.
        ValueError: if it belongs to another network.
    """
    micro_batch = checkpoint.state().get("micro_batch")
    trainer.load(
        checkpoint.step,
        checkpoint.load("model"),
        checkpoint.load("ema"),
        checkpoint.load("optimizer"),
        checkpoint.load("averages") if trainer.power_emas else None,
        pictures_seen(info, checkpoint),
    )
    if isinstance(micro_batch, int) and micro_batch > 0:
        accelerator = trainer.accelerator
        accelerator.micro_batch = min(micro_batch, accelerator.micro_batch or micro_batch)
