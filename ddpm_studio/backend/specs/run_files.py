"""Tasks that rename runs, and take them away and bring them back."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QFile

from ddpm_studio.backend.spec import Task
from ddpm_studio.backend.specs import trash
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import Event

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore
    from ddpm_studio.runs.moving import RunExtent


@dataclass(frozen=True)
class TrashedRun:
    """A run that was put into the trash, or that the trash did not take.

    ``place`` is where it lies in the trash, None where the system does not tell; ``planned`` are
    the steps of a training that was cut short.
    """

    run: Path
    extent: RunExtent
    taken: bool
    place: Path | None = None
    planned: int | None = None


def rename_run(run: Path, name: str) -> Task:
    """Give a run another name; the result is where it is now."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.runs import moving

        yield from ()
        new = moving.rename(run, name)
        # Another run may come to lie there.
        models.forget(run)
        return new

    return Task(f"Renaming {run.name}", work, listed=False)


def trash_run(run: Path) -> Task:
    """Move a run into the system's trash; the result is a :class:`TrashedRun`."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.runs import journal, moving

        yield from ()
        moving.refuse_trained(run)
        extent, planned = moving.extent(run), journal.noted(run)
        file = QFile(str(run))
        trash.make_room()
        if not file.moveToTrash():
            return TrashedRun(run, extent, taken=False)
        journal.end(run)
        models.forget(run)
        place = Path(file.fileName())
        known = place != run and place.exists()
        return TrashedRun(run, extent, True, place if known else None, planned)

    return Task(f"Moving {run.name} to the trash", work, listed=False)


def restore_run(trashed: TrashedRun) -> Task:
    """Bring a run back out of the trash; the result is its path."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.runs import journal

        yield from ()
        run, place = trashed.run, trashed.place
        assert place is not None
        if run.exists():
            raise StudioError(
                f"Something else lies at {run} now.", f"The run is at {place}: move it yourself."
            )
        try:
            place.rename(run)
        except OSError as error:
            raise StudioError(
                f"{run.name} can't be brought back: {error.strerror or error}.",
                "Look for it in the system's trash.",
            ) from error
        # The note of the freedesktop trash on where it came from.
        with suppress(OSError):
            (place.parent.parent / "info" / f"{place.name}.trashinfo").unlink(missing_ok=True)
        if trashed.planned is not None:
            journal.begin(run, trashed.planned)
        return run

    return Task(f"Bringing {trashed.run.name} back", work, listed=False)


def delete_run(trashed: TrashedRun) -> Task:
    """Delete a run for good that the trash did not take; the result is its path."""
    run = trashed.run

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.runs import moving

        yield from ()
        moving.delete(run, trashed.extent)
        models.forget(run)
        return run

    return Task(f"Deleting {run.name}", work, listed=False)
