"""A command line that torchrun or a cluster has started: on several ranks, or once more."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from ddpm_studio.cli.output import emit
from ddpm_studio.errors import StudioError
from ddpm_studio.rank_flag import is_rank

# Of all others rank 0 does everything.
_SHARED = ("train", "distill", "sample", "evaluate", "bits")


def as_other_rank(command: str) -> int | None:
    """Do what a rank that is not 0 does in place of a command; returns the exit code.

    None: this is rank 0, or the only one.
    """
    if not is_rank():
        return None
    from ddpm_studio.jobs.machine.ranks.place import RankPlace

    place = RankPlace.from_environment()
    if place is None or place.rank == 0:
        return None
    if command not in _SHARED:
        return 0
    from ddpm_studio.jobs.other_ranks import follow

    return follow(place)


def dismiss_others(command: str) -> None:
    """Let the other ranks go where a command has ended, well or not, with work for them or not."""
    if not is_rank() or command not in _SHARED:
        return
    from ddpm_studio.jobs.machine.ranks.place import RankPlace
    from ddpm_studio.jobs.machine.ranks.team import dismiss

    # What has started them all may have gone, or have told nonsense.
    with contextlib.suppress(RuntimeError, StudioError):
        place = RankPlace.from_environment()
        if place is not None and place.rank == 0:
            dismiss(place)


def tell_finished(run: Path, json: bool) -> None:
    """Tell of a run that has all its steps what a training tells at its end."""
    from ddpm_studio.runs import RunFolder

    if json:
        step = RunFolder.open(run).newest().step
        emit({"event": "done", "run": run, "step": step, "loss": None})
    else:
        print(run)


def is_finished(run: Path, given: Mapping[str, object]) -> bool:
    """Whether a run has all steps that are asked for; never one that nobody has trained here.

    Args:
        run: its folder.
        given: the options that were named.
    """
    from ddpm_studio.runs import RunFolder

    folder = RunFolder.open(run)
    request = folder.info.request
    if request is None:
        return False  # The job refuses it and says why.
    wanted = int(str(given["steps"])) if "steps" in given else request.steps
    try:
        return folder.newest().step >= wanted
    except StudioError:
        return False
