"""Commands started by torchrun or a cluster: ranks other than 0, and requeued trainings."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from ddpm_studio.cli.output import print_json
from ddpm_studio.errors import StudioError
from ddpm_studio.rank_flag import is_rank

# Commands that all ranks work on; others run on rank 0 alone.
_SHARED = ("train", "distill", "sample", "evaluate", "bits")


def run_as_other_rank(command: str) -> int | None:
    """Do the work of a rank other than 0 in place of a command, and return its exit code.

    None: this is rank 0, or not a rank at all.
    """
    if not is_rank():
        return None
    from ddpm_studio.jobs.machine.ranks.place import RankPlace

    place = RankPlace.from_environment()
    if place is None or place.rank == 0:
        return None
    if command not in _SHARED:
        return 0
    from ddpm_studio.jobs.rank_worker import run_worker

    return run_worker(place)


def dismiss_other_ranks(command: str) -> None:
    """Dismiss the other ranks at the end of a shared command, whether it succeeded or not."""
    if not is_rank() or command not in _SHARED:
        return
    from ddpm_studio.jobs.machine.ranks.place import RankPlace
    from ddpm_studio.jobs.machine.ranks.team import dismiss

    # The launcher may have gone, or its environment variables may be invalid.
    with contextlib.suppress(RuntimeError, StudioError):
        place = RankPlace.from_environment()
        if place is not None and place.rank == 0:
            dismiss(place)


def print_finished(run: Path, json: bool) -> None:
    """Print the final output of a training for a run that already has all its steps."""
    from ddpm_studio.runs import RunFolder

    if json:
        step = RunFolder.open(run).newest().step
        print_json({"event": "done", "run": run, "step": step, "loss": None})
    else:
        print(run)


def is_finished(run: Path, given: Mapping[str, object]) -> bool:
    """Whether a run has all the requested steps; always False for an imported run.

    Args:
        run: the run folder.
        given: the options that were named.
    """
    from ddpm_studio.runs import RunFolder

    folder = RunFolder.open(run)
    request = folder.info.request
    if request is None:
        return False  # The job refuses it and says why.
    requested_steps = int(str(given["steps"])) if "steps" in given else request.steps
    try:
        return folder.newest().step >= requested_steps
    except StudioError:
        return False
