"""Training steps with adaptive micro-batches, compilation and CPU threads."""

from __future__ import annotations

from collections.abc import Generator

import torch

from ddpm_studio.engine import Trainer
from ddpm_studio.engine.training import StepResult
from ddpm_studio.errors import is_out_of_memory
from ddpm_studio.jobs.events import Event, Notice
from ddpm_studio.jobs.machine.compiling import Compiling
from ddpm_studio.jobs.machine.ranks.heartbeat import Doing
from ddpm_studio.jobs.machine.threads import ThreadWatch
from ddpm_studio.jobs.training.batching import MicroBatch
from ddpm_studio.requests import TrainRequest


class Stepper:
    """Takes the steps of a trainer, adapted to memory and speed; each rank has its own.

    Args:
        trainer: the trainer.
        request: the settings.
        doing: progress to update for the watchdog of ranks.
    """

    def __init__(self, trainer: Trainer, request: TrainRequest, doing: Doing | None = None) -> None:
        self.micro_batch = MicroBatch(trainer)
        self._trainer, self._doing = trainer, doing or Doing()
        trainer.accelerator.on_pass = self._doing.passed
        self._compiling = Compiling(trainer, request.steps, allowed=not request.deterministic)
        fixed = request.deterministic or request.threads is not None or trainer.ranks.size > 1
        self._threads = ThreadWatch(trainer.device.type == "cpu" and not fixed)

    def close(self) -> None:
        """Restore the initial number of CPU threads."""
        self._threads.close()

    def begin(self) -> Generator[Event, None, None]:
        """Choose the micro-batch size by the free memory."""
        if self.micro_batch.estimate():
            yield self._divided()

    def step(self) -> Generator[Event, None, StepResult]:
        """Take a step, in smaller micro-batches where memory does not suffice.

        Raises:
            Exception: an error that ends the training; the step had no effect.
        """
        while True:
            self._doing.step, self._doing.phase = self._trainer.step_number, "step"
            try:
                return self._threads.take(lambda: self._compiling.step(self._trainer.step))
            except Exception as error:
                if not is_out_of_memory(error) or self.micro_batch.spent:
                    self.micro_batch.give_up()
                    raise
            finally:
                self._doing.phase = "idle"
            # The error's traceback, which references tensors, is freed by now.
            if self.micro_batch.make_room():
                yield self._divided()

    def settle(self) -> None:
        """Synchronise with the GPU; the watchdog of ranks counts that as part of the step."""
        if self._trainer.device.type != "cuda":
            return
        self._doing.phase = "step"
        try:
            torch.cuda.synchronize(self._trainer.device)
        finally:
            self._doing.phase = "idle"

    def consider(self) -> Generator[Event, None, None]:
        """Between two steps, compile or change the number of threads, where that pays."""
        yield from self._compiling.consider()
        yield from self._threads.consider()

    def _divided(self) -> Notice:
        return Notice(
            f"The memory does not suffice for {self.micro_batch.whole} pictures at once: "
            f"from step {self._trainer.step_number + 1} on {self.micro_batch.size} at once add up "
            "to the same batch."
        )
