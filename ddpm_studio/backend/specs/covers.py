"""Tasks of the start page: pictures of what was open last."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.spec import Task
from ddpm_studio.jobs.events import Event
from ddpm_studio.requests import PrepareOptions

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore


def run_cover(run: Path, count: int) -> Task:
    """Look at a run's last samples; the result is a RunCover."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library import covers

        yield from ()
        return covers.run_cover(run, count)

    return Task(f"Looking at {run.name}", work, listed=False)


def data_cover(sources: Sequence[Path], options: PrepareOptions, count: int) -> Task:
    """Look at some pictures of a set; the result is uint8 (N, H, W, C)."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library import covers

        yield from ()
        return covers.data_cover(sources, options, count)

    return Task("Looking at pictures", work, listed=False)
