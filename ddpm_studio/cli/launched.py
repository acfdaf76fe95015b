"""A command line that torchrun or a cluster has started: on several ranks, or once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ddpm_studio.errors import StudioError
from ddpm_studio.rank_flag import is_rank


def other_rank() -> Callable[[], int] | None:
    """Return what a rank that is not 0 does in place of the command; None: it is rank 0."""
    if not is_rank():
        return None
    from ddpm_studio.jobs.machine.ranks.place import Place

    place = Place.from_environment()
    if place is None or place.rank == 0:
        return None
    from ddpm_studio.jobs.training.follower import follow

    return lambda: follow(place)


def is_finished(run: Path, given: Mapping[str, object]) -> bool:
    """Whether a run has all steps that are asked for; other ranks are told, where it has.

    Args:
        run: its folder.
        given: the options that were named.
    """
    from ddpm_studio.runs import RunFolder

    folder = RunFolder.open(run)
    request = folder.info.request
    wanted = int(str(given["steps"])) if "steps" in given else request.steps if request else 0
    try:
        finished = folder.newest().step >= wanted
    except StudioError:
        return False
    if finished and is_rank():
        from ddpm_studio.jobs.machine.ranks.place import Place
        from ddpm_studio.jobs.machine.ranks.team import dismiss

        place = Place.from_environment()
        if place is not None:
            dismiss(place)
    return finished
