"""Training steps with adaptive micro-batches, compilation and CPU threads."""

from __future__ import annotations

from collections.abc import Generator

import torch

from ddpm_studio.engine import Trainer
from ddpm_studio.engine.training import StepResult
from ddpm_studio.errors import is_out_of_memory
from ddpm_studio.jobs.events import Event, InfoNotice, Notice
from ddpm_studio.jobs.machine.compiling import TrainingCompiler
from ddpm_studio.jobs.machine.ranks.heartbeat import RankProgress
from ddpm_studio.jobs.machine.threads import ThreadTuner
from ddpm_studio.jobs.training.batching import MicroBatch
from ddpm_studio.requests import TrainRequest


class Stepper:
    """Takes the steps of a trainer, adapted to memory and speed; each rank has its own.

    Args:
        trainer: the trainer.
        request: the settings.
        progress: progress to update for the watchdog of ranks.
    """

    def __init__(
        self, trainer: Trainer, request: TrainRequest, progress: RankProgress | None = None
    ) -> None:
        self.micro_batch = MicroBatch(trainer)
        self._trainer, self._progress = trainer, progress or RankProgress()
        trainer.accelerator.on_pass = self._progress.count_pass
        self._compiler = TrainingCompiler(trainer, request.steps, allowed=not request.deterministic)
        fixed = request.deterministic or request.threads is not None or trainer.ranks.size > 1
        self._threads = ThreadTuner(trainer.device.type == "cpu" and not fixed)

    def close(self) -> None:
        """Restore the initial number of CPU threads."""
        self._threads.close()

    def begin(self) -> Generator[Event, None, None]:
        """Choose the micro-batch size by the free memory, at most that of a checkpoint."""
        if self.micro_batch.estimate():
            yield self._step_in_micro_batches()
        elif (size := self.micro_batch.reduced_size) is not None:
            yield InfoNotice(
                f"The memory did not suffice for {self.micro_batch.whole} pictures at once: as "
                f"before, {size} at once add up to the same batch."
            )

    def step(self) -> Generator[Event, None, StepResult]:
        """Take a step, in smaller micro-batches where memory does not suffice.

        Raises:
            Exception: an error that ends the training; the step had no effect.
        """
        while True:
            self._progress.step, self._progress.phase = self._trainer.step_number, "step"
            try:
                return self._threads.run(lambda: self._compiler.step(self._trainer.step))
            except Exception as error:
                if not is_out_of_memory(error) or self.micro_batch.is_exhausted:
                    self.micro_batch.revert()
                    raise
            finally:
                self._progress.phase = "idle"
            # The error's traceback, which references tensors, is freed by now.
            if self.micro_batch.shrink():
                yield self._step_in_micro_batches()

    def synchronize(self) -> None:
        """Synchronise with the GPU; the watchdog of ranks counts that as part of the step."""
        if self._trainer.device.type != "cuda":
            return
        self._progress.phase = "step"
        try:
            torch.cuda.synchronize(self._trainer.device)
        finally:
            self._progress.phase = "idle"

    def after_step(self) -> Generator[Event, None, None]:
        """Between two steps, compile or change the number of threads, where that pays."""
        yield from self._compiler.after_step()
        yield from self._threads.after_step()

    def _step_in_micro_batches(self) -> Notice:
        return Notice(
            f"The memory does not suffice for {self.micro_batch.whole} pictures at once: "
            f"from step {self._trainer.step_number + 1} on {self.micro_batch.size} at once add up "
            "to the same batch."
        )
