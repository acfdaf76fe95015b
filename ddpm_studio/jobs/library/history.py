"""What a run has written down, as arrays; read on while it is being written."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ddpm_studio.jobs.events import BINS
from ddpm_studio.runs import Checkpoint, RunFolder, evaluations, metrics
from ddpm_studio.runs.evaluations import Evaluation
from ddpm_studio.runs.lock import Owner

Table = npt.NDArray[np.float64]

STEP_COLUMNS = ("step", "loss", "grad_norm", "lr")
TICK_COLUMNS = ("step", "images_per_second", "memory_bytes", "cpu_load", "device_load")
HELD_OUT_COLUMNS = ("step", "held_out_loss", "held_out_bits")
# Whoever has written nothing for so long seems to write no more.
_FRESH_SECONDS = 30.0


@dataclass(frozen=True, eq=False)
class RunNews:
    """What a run has told since the last look.

    ``steps`` has shape (K, 4) with the columns ``STEP_COLUMNS``, ``ticks`` (M, 5) with
    ``TICK_COLUMNS``; ``loss_by_t`` (M, BINS) belongs to the ticks. What was not recorded is
    NaN. ``held_out`` has shape (H, 3) with ``HELD_OUT_COLUMNS``, a row for each time that held-out
    pictures were measured; ``evaluations`` are all that the run keeps. ``anew``: what was known
    before is void. ``more``: ask again at once. ``silent_seconds`` is how long ago the last line
    was written, None if there is none.
    ``previews`` are the files of samples, oldest first; ``checkpoint`` is the newest's step;
    ``timesteps`` is T, ``total`` how many steps are planned, None where that is not known.
    ``trainer`` is another process that trains it now, by the note that it left: a lock taken to
    try could be in the way of one that begins.
    """

    steps: Table
    ticks: Table
    loss_by_t: Table
    held_out: Table
    evaluations: tuple[Evaluation, ...]
    place: metrics.Place
    anew: bool
    more: bool
    previews: tuple[Path, ...]
    checkpoint: int | None
    silent_seconds: float | None
    timesteps: int
    total: int | None
    trainer: Owner | None

    @property
    def is_fresh(self) -> bool:
        """Whether the last line was written not long ago."""
        return _is_fresh(self.silent_seconds)


def look_at_run(run: Path, place: metrics.Place) -> RunNews:
    """Read what a run has written since ``place``.

    Raises:
        StudioError: if it is no run folder any more.
    """
    folder = RunFolder.open(run)
    portion = metrics.read_on(folder.metrics_file, place)
    ticks = [line for line in portion.lines if "images_per_second" in line]
    held_out = [line for line in portion.lines if "held_out_loss" in line]
    checkpoints = Checkpoint.find_all(folder.checkpoints_dir)
    silence = _silence(folder.metrics_file)
    return RunNews(
        _table(portion.lines, STEP_COLUMNS),
        _table(ticks, TICK_COLUMNS),
        np.array([_bins(line.get("loss_by_t")) for line in ticks]).reshape(-1, BINS),
        _table(held_out, HELD_OUT_COLUMNS),
        tuple(evaluations.read(run)),
        portion.place,
        portion.anew,
        portion.more,
        tuple(sorted(folder.samples_dir.glob("step-*.png"))),
        checkpoints[-1].step if checkpoints else None,
        silence,
        folder.info.process.timesteps,
        folder.info.request.steps if folder.info.request else None,
        _trainer(run, silence),
    )


def _trainer(run: Path, silence: float | None) -> Owner | None:
    owner = Owner.read(run)
    if owner is None or owner.is_this_process:
        return None
    alive = owner.alive()
    if alive is None:
        # On another machine one can only tell by what it writes.
        alive = _is_fresh(silence)
    return owner if alive else None


def _is_fresh(silence: float | None) -> bool:
    return silence is not None and silence < _FRESH_SECONDS


def _table(lines: Sequence[dict[str, Any]], columns: Sequence[str]) -> Table:
    rows = [[_number(line.get(column)) for column in columns] for line in lines]
    return np.array(rows, dtype=np.float64).reshape(-1, len(columns))


def _number(value: object) -> float:
    known = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if known else math.nan  # type: ignore[arg-type]


def _bins(values: object) -> list[float]:
    """Return a tick's losses by t; a coarser record, as older runs have, is spread out."""
    found = [_number(value) for value in values] if isinstance(values, list) else []
    if not found or BINS % len(found):
        return [math.nan] * BINS
    return [value for value in found for _ in range(BINS // len(found))]


def _silence(file: Path) -> float | None:
    try:
        return max(0.0, time.time() - file.stat().st_mtime)
    except OSError:
        return None
