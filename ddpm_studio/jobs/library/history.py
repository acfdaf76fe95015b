"""History of a run: what it has written down, as arrays; read on while it is being written."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ddpm_studio.jobs.library.figures import Figures
from ddpm_studio.runs import Checkpoint, RunFolder, evaluations, metrics
from ddpm_studio.runs.evaluations import RecordedEvaluation
from ddpm_studio.runs.lock import Owner

# Whoever has written nothing for so long seems to write no more.
_FRESH_SECONDS = 30.0


@dataclass(frozen=True, eq=False)
class RunNews:
    """What a run folder has told since the last look.

    ``figures`` are those written since; ``evaluations`` are all that the run keeps. ``anew``: what
    was known before is void. ``more``: ask again at once. ``silent_seconds`` is how long ago the
    last line was written, None if there is none.
    ``previews`` are the files of samples, oldest first; ``checkpoint`` is the newest's step;
    ``timesteps`` is T, ``total`` how many steps are planned, None where that is not known.
    ``trainer`` is another process that trains it now, by the note that it left: a lock taken to
    try could be in the way of one that begins.
    """

    figures: Figures
    evaluations: tuple[RecordedEvaluation, ...]
    place: metrics.FilePosition
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


def look_at_run(run: Path, place: metrics.FilePosition, *, figures: bool = True) -> RunNews:
    """Read what a run has written since ``place``.

    Args:
        run: the run folder.
        place: up to where its figures were read.
        figures: False: leave ``metrics.jsonl`` unread, and ``place`` as it is.

    Raises:
        StudioError: if it is no run folder any more.
    """
    folder = RunFolder.open(run)
    portion = metrics.Portion([], place, False, False)
    if figures:
        portion = metrics.read_on(folder.metrics_file, place)
    checkpoints = Checkpoint.find_all(folder.checkpoints_dir)
    silence = _silence(folder.metrics_file)
    return RunNews(
        Figures.of_lines(portion.lines),
        tuple(evaluations.read(run)),
        portion.place,
        portion.anew,
        portion.more,
        tuple(folder.previews()),
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


def _silence(file: Path) -> float | None:
    try:
        return max(0.0, time.time() - file.stat().st_mtime)
    except OSError:
        return None
