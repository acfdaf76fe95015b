"""History of a run: its metrics as arrays, read incrementally while it is being written."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ddpm_studio.jobs.library.metric_arrays import MetricArrays
from ddpm_studio.runs import Checkpoint, RunFolder, evaluations, metrics
from ddpm_studio.runs.evaluations import RecordedEvaluation
from ddpm_studio.runs.lock import LockOwner

# A run that has written nothing for so long is not considered active.
_FRESH_SECONDS = 30.0


@dataclass(frozen=True, eq=False)
class RunUpdate:
    """Changes of a run folder since the last look.

    ``figures`` are the new metrics; ``evaluations`` are all of the run. ``position`` is where to
    read on. ``is_rewritten``: metrics read before are void. ``more``: there is more to read now.
    ``seconds_since_write`` is the time since the last line was written, None if there is none.
    ``previews`` are the files of samples, oldest first; ``checkpoint`` is the step of the newest;
    ``timesteps`` is T, ``total`` the planned number of steps, None if unknown. ``trainer`` is
    another process that is training the run, by its owner file: testing the lock could disturb a
    training that is about to start.
    """

    figures: MetricArrays
    evaluations: tuple[RecordedEvaluation, ...]
    position: metrics.FilePosition
    is_rewritten: bool
    more: bool
    previews: tuple[Path, ...]
    checkpoint: int | None
    seconds_since_write: float | None
    timesteps: int
    total: int | None
    trainer: LockOwner | None

    @property
    def is_fresh(self) -> bool:
        """Whether the last line was written recently."""
        return _is_fresh(self.seconds_since_write)


def read_run_update(
    run: Path, position: metrics.FilePosition, *, figures: bool = True
) -> RunUpdate:
    """Read what was written to a run since ``position``.

    Args:
        run: the run folder.
        position: position up to which its metrics were read.
        figures: if False, ``metrics.jsonl`` is not read, and ``position`` stays.

    Raises:
        StudioError: if it is not a run folder any more.
    """
    folder = RunFolder.open(run)
    chunk = metrics.MetricsChunk([], position, False, False)
    if figures:
        chunk = metrics.read_new_lines(folder.metrics_file, position)
    checkpoints = Checkpoint.find_all(folder.checkpoints_dir)
    idle_seconds = _seconds_since_write(folder.metrics_file)
    return RunUpdate(
        MetricArrays.from_lines(chunk.lines),
        tuple(evaluations.read(run)),
        chunk.position,
        chunk.is_rewritten,
        chunk.more,
        tuple(folder.previews()),
        checkpoints[-1].step if checkpoints else None,
        idle_seconds,
        folder.info.process.timesteps,
        folder.info.request.steps if folder.info.request else None,
        _trainer(run, idle_seconds),
    )


def _trainer(run: Path, idle_seconds: float | None) -> LockOwner | None:
    owner = LockOwner.read(run)
    if owner is None or owner.is_this_process:
        return None
    alive = owner.alive()
    if alive is None:
        # A process on another machine can only be judged by what it writes.
        alive = _is_fresh(idle_seconds)
    return owner if alive else None


def _is_fresh(idle_seconds: float | None) -> bool:
    return idle_seconds is not None and idle_seconds < _FRESH_SECONDS


def _seconds_since_write(file: Path) -> float | None:
    try:
        return max(0.0, time.time() - file.stat().st_mtime)
    except OSError:
        return None
