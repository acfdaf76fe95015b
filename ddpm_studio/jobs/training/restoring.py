"""Restoring a trainer from the newest checkpoint that can be read."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from ddpm_studio.engine import Trainer
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.jobs.events import Notice
from ddpm_studio.jobs.training.batching import limit_micro_batch
from ddpm_studio.jobs.training.changes import pictures_seen
from ddpm_studio.runs import Checkpoint, RunFolder, RunInfo


@dataclass(frozen=True)
class SavedProgress:
    """Progress of a training by a checkpoint: steps taken and pictures seen.

    ``micro_batch`` is the number of pictures in one pass, where memory did not suffice for more.
    """

    steps: int = 0
    pictures: int = 0
    micro_batch: int | None = None

    @classmethod
    def of(cls, folder: RunFolder) -> SavedProgress:
        """Return the progress by the newest checkpoint that can be read; none without one."""
        for checkpoint in reversed(folder.checkpoints()):
            with suppress(StudioError):
                seen = pictures_seen(folder.info, checkpoint)
                return cls(checkpoint.step, seen, _micro_batch(checkpoint))
        return cls()


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
    micro_batch = _micro_batch(checkpoint)
    trainer.load(
        checkpoint.step,
        checkpoint.load("model"),
        checkpoint.load("ema"),
        checkpoint.load("optimizer"),
        checkpoint.load("averages") if trainer.power_emas else None,
        pictures_seen(info, checkpoint),
    )
    limit_micro_batch(trainer, micro_batch)


def _micro_batch(checkpoint: Checkpoint) -> int | None:
    size = checkpoint.state().get("micro_batch")
    return size if isinstance(size, int) and size > 0 else None
