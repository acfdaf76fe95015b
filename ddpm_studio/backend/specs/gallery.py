"""Tasks of the gallery: pictures to and from the runs' folders."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.spec import Task
from ddpm_studio.jobs.events import Drawn, Event

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore


def keep(run: Path, drawn: Drawn) -> Task:
    """Write drawn pictures into a run's gallery; the result is a list of Kept."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library import gallery

        return gallery.keep(run, drawn)

    return Task(f"Keeping {len(drawn.pictures)}", work, listed=False)


def load(near: Sequence[Path], known: Sequence[Path], folder: Path | None = None) -> Task:
    """Read the galleries of runs; the result is the runs that were read and a list of Kept.

    Args:
        near: runs to read.
        known: those not to read again.
        folder: read the runs in there too, and those beside the ones given.
    """

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library import gallery

        runs = [run.resolve() for run in near]
        if folder is not None:
            runs = gallery.find_runs(folder, runs)
        return gallery.load([run for run in runs if run not in known], empty_bin=True)

    return Task("Reading the gallery", work)


def read_pictures(files: Sequence[Path]) -> Task:
    """Read pictures, which come as PicturesRead; a newer request replaces this one."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library import gallery

        return gallery.read_pictures(files)

    return Task(f"Reading {len(files)}", work, slot="gallery pictures", listed=False)


def rate(files: Sequence[Path], stars: int) -> Task:
    """Write how many stars pictures have, 0 to 5."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library import gallery

        return gallery.rate(files, stars)

    return Task(f"Rating {len(files)}", work, listed=False)


def delete(files: Sequence[Path]) -> Task:
    """Take files out of a gallery."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library import gallery

        return gallery.delete(files)

    return Task(f"Deleting {len(files)}", work, listed=False)


def restore(files: Sequence[Path]) -> Task:
    """Bring deleted files back."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library import gallery

        return gallery.restore(files)

    return Task(f"Bringing back {len(files)}", work, listed=False)
