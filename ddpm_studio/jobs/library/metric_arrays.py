"""Training metrics as arrays, from the lines of ``metrics.jsonl`` or from a job's events.

The events of a :class:`~ddpm_studio.jobs.training.training_log.TrainingLog` and the lines that it
writes give equal arrays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ddpm_studio.jobs.events import BINS, HeldOutMeasured, Table, TrainStep, TrainTick

STEP_COLUMNS = ("step", "loss", "grad_norm", "lr")
TICK_COLUMNS = ("step", "images_per_second", "memory_bytes", "cpu_load", "device_load")
HELD_OUT_COLUMNS = ("step", "held_out_loss", "held_out_bits")

MetricEvent = TrainStep | TrainTick | HeldOutMeasured
"""The events that contain metrics."""


@dataclass(frozen=True, eq=False)
class MetricArrays:
    """Metrics of some steps of a training, by rising step; NaN where not recorded or not finite.

    ``steps`` has shape (K, 4) with the columns ``STEP_COLUMNS``, ``ticks`` (M, 5) with
    ``TICK_COLUMNS``; ``loss_by_t`` (M, BINS), the mean loss in equal parts of 1..T, belongs to the
    ticks. ``held_out`` has shape (H, 3) with ``HELD_OUT_COLUMNS``, a row for each measurement of
    held-out pictures.
    """

    steps: Table
    ticks: Table
    loss_by_t: Table
    held_out: Table

    @classmethod
    def from_lines(cls, lines: Sequence[dict[str, Any]]) -> MetricArrays:
        """Make arrays from lines of ``metrics.jsonl``."""
        ticks = [line for line in lines if "images_per_second" in line]
        held_out = [line for line in lines if "held_out_loss" in line]
        return cls(
            _table(lines, STEP_COLUMNS), *_tick_tables(ticks), _table(held_out, HELD_OUT_COLUMNS)
        )

    @classmethod
    def from_training_events(cls, events: Sequence[MetricEvent]) -> MetricArrays:
        """Make arrays from a training's events."""
        steps = [vars(event) for event in events if isinstance(event, TrainStep)]
        ticks = [vars(event) for event in events if isinstance(event, TrainTick)]
        held_out = [
            {"step": event.step, "held_out_loss": event.loss, "held_out_bits": event.bits}
            for event in events
            if isinstance(event, HeldOutMeasured)
        ]
        return cls(
            _table(steps, STEP_COLUMNS), *_tick_tables(ticks), _table(held_out, HELD_OUT_COLUMNS)
        )

    def between(self, low: float, high: float) -> MetricArrays:
        """Return the metrics of steps above ``low``, up to ``high``."""
        steps, ticks, held_out = (
            (low < table[:, 0]) & (table[:, 0] <= high)
            for table in (self.steps, self.ticks, self.held_out)
        )
        return MetricArrays(
            self.steps[steps], self.ticks[ticks], self.loss_by_t[ticks], self.held_out[held_out]
        )


def _tick_tables(lines: Sequence[dict[str, Any]]) -> tuple[Table, Table]:
    bins = np.array([losses_by_t(line.get("loss_by_t")) for line in lines]).reshape(-1, BINS)
    return _table(lines, TICK_COLUMNS), bins


def _table(lines: Sequence[dict[str, Any]], columns: Sequence[str]) -> Table:
    rows = [[_number(line.get(column)) for column in columns] for line in lines]
    return np.array(rows, dtype=np.float64).reshape(-1, len(columns))


def _number(value: object) -> float:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if known and math.isfinite(value) else math.nan  # type: ignore[arg-type]


def losses_by_t(values: object) -> list[float]:
    """Return the ``BINS`` losses by t of a line; coarser ones, as in older runs, are repeated.

    NaN where not recorded or not finite.
    """
    losses = [_number(value) for value in values] if isinstance(values, (list, tuple)) else []
    if not losses or BINS % len(losses):
        return [math.nan] * BINS
    return [value for value in losses for _ in range(BINS // len(losses))]
