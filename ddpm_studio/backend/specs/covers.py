"""Jobs of the start page: finding runs, and covers (thumbnails) of recent runs and data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm_studio.backend.spec import JobSpec, PoolCall
from ddpm_studio.jobs.events import Pictures
from ddpm_studio.requests import PrepareOptions

if TYPE_CHECKING:
    from ddpm_studio.jobs.library.covers import RunCover


def all_runs(folder: Path, near: Sequence[Path]) -> JobSpec[list[Path]]:
    """Find the runs in a folder, the runs ``near``, and those next to them, see ``find_runs``."""

    def work() -> list[Path]:
        from ddpm_studio.jobs.library import gallery

        return gallery.find_runs(folder, near)

    return JobSpec("Looking for runs", PoolCall(work), listed=False)


def run_cover(run: Path, count: int) -> JobSpec[RunCover]:
    """Read a run's cover: its latest samples."""

    def work() -> RunCover:
        from ddpm_studio.jobs.library import covers

        return covers.run_cover(run, count)

    return JobSpec(f"Looking at {run.name}", PoolCall(work), listed=False)


def data_cover(sources: Sequence[Path], options: PrepareOptions, count: int) -> JobSpec[Pictures]:
    """Read the cover of a data set: some of its pictures, uint8 (N, H, W, C)."""

    def work() -> Pictures:
        from ddpm_studio.jobs.library import covers

        return covers.data_cover(sources, options, count)

    return JobSpec("Looking at pictures", PoolCall(work), listed=False)
