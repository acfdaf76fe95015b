"""Training log: metrics read from the device at each tick, yielded and written to a file."""

from __future__ import annotations

import math
from collections.abc import Generator
from pathlib import Path

import numpy as np
import torch

from ddpm_studio.engine import Trainer
from ddpm_studio.engine.training import StepResult
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import BINS, Event, HeldOutMeasured, Notice, TrainStep, TrainTick
from ddpm_studio.jobs.job_clock import job_time
from ddpm_studio.jobs.machine.device import memory_bytes
from ddpm_studio.jobs.machine.load import LoadMeter
from ddpm_studio.runs import metrics

_TICK_SECONDS = 0.5
# Weight of the newest tick in the smoothed speed, from which the time left is estimated.
_SMOOTHING = 0.2
# Steps with a non-finite loss are skipped; after so many in a row they won't end by themselves.
_MAX_CONSECUTIVE_SKIPS = 10


class DivergedError(StudioError):
    """Training has diverged to non-finite numbers; its weights are not worth saving."""


class TrainingLog:
    """Collects the results of steps and, at each tick, reads them from the device at once.

    Args:
        path: path of ``metrics.jsonl``.
        trainer: the trainer.
        total: number of steps of the training.
    """

    def __init__(self, path: Path, trainer: Trainer, total: int) -> None:
        self.writer = metrics.MetricsWriter(path)
        self.trainer = trainer
        self.total = total
        self.last_loss = math.nan
        self.skipped = 0
        self._consecutive_skips = 0
        self._pending: list[StepResult] = []
        self._held_out: HeldOutMeasured | None = None
        self._load = LoadMeter(trainer.device)
        self._tick_start = job_time()
        self._speed: float | None = None

    def add(self, result: StepResult) -> None:
        """Add the result of a step, whose tensors are still on the device."""
        self._pending.append(result)

    def add_held_out(self, measured: HeldOutMeasured | None) -> None:
        """Add a measurement, if there is one, to the last step's line at the next flush."""
        self._held_out = measured or self._held_out

    def exclude_seconds(self, seconds: float) -> None:
        """Exclude some seconds since the last tick from the speed."""
        self._tick_start += seconds

    def is_due(self) -> bool:
        """Whether it is time for a tick."""
        return job_time() - self._tick_start >= _TICK_SECONDS

    def flush(self) -> Generator[Event, None, None]:
        """Yield a TrainStep for each step since the last tick, a TrainTick, and a Notice if needed.

        Raises:
            DivergedError: if the losses of many steps in a row are not finite.
        """
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        losses = torch.stack([result.loss for result in pending]).tolist()
        norms = torch.stack([result.grad_norm for result in pending]).tolist()
        first = self.trainer.step_number - len(pending) + 1
        steps = [
            TrainStep(first + k, losses[k], norms[k], pending[k].lr) for k in range(len(pending))
        ]
        now = job_time()
        speed = len(pending) / max(now - self._tick_start, 1e-9)
        self._tick_start = now
        self._speed = (
            speed if self._speed is None else _SMOOTHING * speed + (1 - _SMOOTHING) * self._speed
        )
        tick = TrainTick(
            self.trainer.step_number,
            self.total,
            self._speed * self.trainer.config.pictures,
            (self.total - self.trainer.step_number) / self._speed,
            memory_bytes(self.trainer.device),
            self._loss_by_t(pending),
            self._load.cpu(),
            self._load.device(),
        )
        self._write(steps, tick)
        notice = self._count_skipped(steps)
        self.last_loss = next((s.loss for s in reversed(steps) if s.is_finite), self.last_loss)
        yield from steps
        yield tick
        if notice:
            yield notice

    def restart_after_rollback(self) -> None:
        """Reset the count of skipped steps in a row, and the clock: the training has gone back."""
        self._consecutive_skips = 0
        self.restart_clock()

    def restart_clock(self) -> None:
        """Exclude the time since the last tick from the speed."""
        self._tick_start = job_time()

    def _loss_by_t(self, pending: list[StepResult]) -> tuple[float, ...]:
        index = torch.cat([result.index for result in pending]).cpu().numpy()
        losses = torch.cat([result.losses for result in pending]).cpu().double().numpy()
        index, losses = index[np.isfinite(losses)], losses[np.isfinite(losses)]
        bins = index * BINS // self.trainer.process.schedule.T
        counts = np.bincount(bins, minlength=BINS)
        sums = np.bincount(bins, weights=losses, minlength=BINS)
        means = np.where(counts > 0, sums / np.maximum(counts, 1), math.nan)
        return tuple(float(mean) for mean in means)

    def _write(self, steps: list[TrainStep], tick: TrainTick) -> None:
        lines: list[dict[str, object]] = [
            {
                "step": step.step,
                "loss": _json_number(step.loss),
                "grad_norm": _json_number(step.grad_norm),
                "lr": step.lr,
            }
            for step in steps
        ]
        lines[-1] |= {
            "images_per_second": round(tick.images_per_second, 3),
            "memory_bytes": tick.memory_bytes,
            "cpu_load": tick.cpu_load,
            "device_load": tick.device_load,
            "loss_by_t": [_json_number(value) for value in tick.loss_by_t],
        }
        if self._held_out is not None:
            lines[-1] |= {
                "held_out_loss": _json_number(self._held_out.loss),
                "held_out_bits": _json_number(self._held_out.bits),
            }
            self._held_out = None
        self.writer.append(lines)

    def _count_skipped(self, steps: list[TrainStep]) -> Notice | None:
        """Return a notice on skipped steps, if any; raise DivergedError after many in a row."""
        skipped = [step.step for step in steps if not step.is_finite]
        for step in steps:
            self._consecutive_skips = 0 if step.is_finite else self._consecutive_skips + 1
            if self._consecutive_skips >= _MAX_CONSECUTIVE_SKIPS:
                raise DivergedError(
                    f"The loss is no longer a number at step {step.step}.",
                    "Take a smaller learning rate or float32, or let it return after a spike.",
                )
        if not skipped:
            return None
        self.skipped += len(skipped)
        return Notice(
            f"Step {skipped[-1]:,} changed nothing: its loss or gradient was no finite number "
            f"({self.skipped:,} skipped so far)."
        )


def _json_number(value: float) -> float | None:
    """Return the number, or None if it is not finite, which JSON can't represent."""
    return value if math.isfinite(value) else None
