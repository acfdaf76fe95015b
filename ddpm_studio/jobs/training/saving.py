"""Checkpoints of a training: when they are due, and retries while the disk fails."""

from __future__ import annotations

import shutil
import time
from typing import Any

import torch
from torch import Tensor

from ddpm_studio.engine import Trainer
from ddpm_studio.errors import Failure, StudioError, is_out_of_memory
from ddpm_studio.jobs.events import CheckpointSaved
from ddpm_studio.jobs.training.fallback_folder import FallbackFolder
from ddpm_studio.jobs.training.training_log import DivergedError
from ddpm_studio.paths import path_exists
from ddpm_studio.runs import RunFolder, RunLock
from ddpm_studio.runs.checkpoint import Part

_SAVE_SECONDS = 300.0
# Sooner than usual: a new run has nothing saved yet.
_FIRST_SAVE_SECONDS = 60.0
_FIRST_RETRY_SECONDS, _MAX_RETRY_SECONDS = 2.0, 60.0


class CheckpointSaver:
    """Writes checkpoints, and keeps track of the last saved step.

    Args:
        folder: the run folder; replaced after a move.
        trainer: the trainer to save.
        every: steps between checkpoints; they also come every five minutes, the first after one.
        spare: where to save if the folder can't be written to.
    """

    def __init__(
        self, folder: RunFolder, trainer: Trainer, every: int | None, spare: FallbackFolder
    ) -> None:
        self.folder = folder
        self.trainer = trainer
        self.spare = spare
        self.saved = trainer.step_number
        self.problem: str | None = None
        """Reason why the last attempt failed; None if it succeeded."""
        self._every = every
        self._retry_delay = _FIRST_RETRY_SECONDS
        self._next_save = time.monotonic() + (_SAVE_SECONDS if self.saved else _FIRST_SAVE_SECONDS)

    def is_due(self) -> bool:
        """Whether to save after this step."""
        if self.problem is not None:
            return time.monotonic() >= self._next_save or self.spare.folder is not None
        at_step = self._every is not None and self.trainer.step_number % self._every == 0
        return at_step or time.monotonic() >= self._next_save

    def save(self, state: dict[str, Any]) -> CheckpointSaved:
        """Write a complete checkpoint.

        Raises:
            DivergedError: if weights are not finite.
            StudioError: if it can't be written now; it is due again after a while.
        """
        trainer = self.trainer
        try:
            checkpoint = self.folder.save_checkpoint(trainer.step_number, self._tensors(), state)
        except Exception as error:
            if not isinstance(error, OSError) and not is_out_of_memory(error):
                raise
            reason = getattr(error, "strerror", None) or Failure.of(error).cause
            self.problem = f"{reason.rstrip('.')}: {self.folder.path}"
            self._next_save = time.monotonic() + self._retry_delay
            self._retry_delay = min(2 * self._retry_delay, _MAX_RETRY_SECONDS)
            raise StudioError(
                f"Step {trainer.step_number} can't be saved: {self.problem}.",
                "Make room or bring the folder back, or save elsewhere.",
            ) from error
        self.saved, self.problem = trainer.step_number, None
        self._retry_delay = _FIRST_RETRY_SECONDS
        self._next_save = time.monotonic() + _SAVE_SECONDS
        return CheckpointSaved(checkpoint.step, checkpoint.path)

    def _tensors(self) -> dict[Part, dict[str, Tensor]]:
        """Return the trainer's complete state, still on its device."""
        trainer = self.trainer
        tensors: dict[Part, dict[str, Tensor]] = {
            "model": trainer.model.state_dict(),
            "ema": trainer.ema.model.state_dict(),
        }
        weights = [tensor for part in tensors.values() for tensor in part.values()]
        if not all(bool(torch.isfinite(tensor).all()) for tensor in weights):
            raise DivergedError(
                f"The weights are no longer numbers at step {trainer.step_number}.",
                "Train further from the last checkpoint, or start with a smaller learning rate.",
            )
        if averages := trainer.average_tensors():
            tensors["averages"] = averages
        return {**tensors, "optimizer": trainer.optimizer_tensors()}

    def save_in_fallback_run(self, state: dict[str, Any]) -> tuple[RunFolder, RunLock] | None:
        """Save in a new run in the fallback folder, for the whole training to go on there.

        Returns:
            The folder and its lock; None if that failed: the old folder stays, and no new one.
        """
        old = self.folder
        try:
            new, lock = self.create_fallback_run()
        except StudioError:
            return None
        self.folder = new
        try:
            self.save(state)
        except StudioError:
            self.folder = old
            lock.release()
            shutil.rmtree(new.path, ignore_errors=True)
            return None
        return new, lock

    def create_fallback_run(self) -> tuple[RunFolder, RunLock]:
        """Create the run's folder again in the fallback folder, which is unset by that.

        Returns:
            The folder and its lock.

        Raises:
            StudioError: if it can't be made.
        """
        fallback, self.spare.folder = self.spare.folder, None
        assert fallback is not None
        name, number = self.folder.path.name, 1
        path = fallback / name
        while path_exists(path):
            number += 1
            path = fallback / f"{name} {number}"
        new = RunFolder.create(path, self.folder.info)
        try:
            return new, new.lock()
        except StudioError:
            shutil.rmtree(new.path, ignore_errors=True)
            raise
