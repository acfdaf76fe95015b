"""Tasks of the gallery: pictures to and from the run's folder."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.task import Task
from ddpm_studio.jobs.events import Drawn, Event

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore


def keep(run: Path, drawn: Drawn) -> Task:
    """Write drawn pictures into a run's gallery; the result is a list of Kept."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs import gallery

        return gallery.keep(run, drawn)

    return Task(f"Keeping {len(drawn.pictures)}", work, listed=False)


def load(run: Path) -> Task:
    """Read a run's gallery; the result is a list of Kept."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs import gallery

        return gallery.load(run)

    return Task("Reading the gallery", work, slot="gallery load")


def delete(paths: Sequence[Path]) -> Task:
    """Take files out of a gallery."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs import gallery

        return gallery.delete(paths)

    return Task(f"Deleting {len(paths)}", work, listed=False)


def restore(paths: Sequence[Path]) -> Task:
    """Bring deleted files back."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs import gallery

        return gallery.restore(paths)

    return Task(f"Bringing back {len(paths)}", work, listed=False)
