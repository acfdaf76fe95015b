"""Jobs that rename, trash, restore and delete run folders."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QFile

from ddpm_studio.backend.spec import JobSpec, PoolCall
from ddpm_studio.backend.specs import trash
from ddpm_studio.errors import StudioError
from ddpm_studio.paths import rename_with_retries

if TYPE_CHECKING:
    from ddpm_studio.runs.moving import RunExtent

QUEUE = "run files"
"""Queue of the jobs during which a run must not move."""


@dataclass(frozen=True)
class TrashedRun:
    """A run that was moved to the system's trash, or that the trash refused.

    ``is_trashed`` is whether it was moved, ``trash_path`` its path in the trash, None if unknown;
    ``planned`` is the total of steps of an interrupted training, from the journal.
    """

    run: Path
    extent: RunExtent
    is_trashed: bool
    trash_path: Path | None = None
    planned: int | None = None


def rename_run(run: Path, name: str) -> JobSpec[Path]:
    """Rename a run; the result is its new path."""

    def work() -> Path:
        from ddpm_studio.runs import moving

        return moving.rename(run, name)

    return JobSpec(f"Renaming {run.name}", PoolCall(work), listed=False, queue=QUEUE)


def trash_run(run: Path) -> JobSpec[TrashedRun]:
    """Move a run to the system's trash; the result says whether the trash took it."""

    def work() -> TrashedRun:
        from ddpm_studio.runs import journal, moving
        from ddpm_studio.runs.lock import hold_lock

        moving.check_not_training(run)
        extent, planned = moving.extent(run), journal.noted(run)
        file = QFile(str(run))
        trash.create_data_folder()

        def move_to_trash() -> None:
            if not file.moveToTrash():
                raise OSError(file.errorString())

        with hold_lock(run) as attempt:
            try:
                attempt(move_to_trash)
            except OSError:
                return TrashedRun(run, extent, is_trashed=False)
        journal.end(run)
        trash_path = Path(file.fileName())
        is_known = trash_path != run and trash_path.exists()
        return TrashedRun(run, extent, True, trash_path if is_known else None, planned)

    return JobSpec(f"Moving {run.name} to the trash", PoolCall(work), listed=False, queue=QUEUE)


def restore_run(trashed: TrashedRun) -> JobSpec[Path]:
    """Restore a run from the trash; the result is its path."""

    def work() -> Path:
        from ddpm_studio.runs import journal

        run, trash_path = trashed.run, trashed.trash_path
        assert trash_path is not None
        if run.exists():
            raise StudioError(
                f"Something else lies at {run} now.",
                f"The run is at {trash_path}: move it yourself.",
            )
        try:
            rename_with_retries(Path.rename, trash_path, run)
        except OSError as error:
            raise StudioError(
                f"{run.name} can't be brought back: {error.strerror or error}.",
                "Look for it in the system's trash.",
            ) from error
        # The .trashinfo file of a freedesktop.org trash, with the original path.
        with suppress(OSError):
            info = trash_path.parent.parent / "info" / f"{trash_path.name}.trashinfo"
            info.unlink(missing_ok=True)
        if trashed.planned is not None:
            journal.begin(run, trashed.planned)
        return run

    return JobSpec(f"Bringing {trashed.run.name} back", PoolCall(work), listed=False, queue=QUEUE)


def delete_run(trashed: TrashedRun) -> JobSpec[Path]:
    """Permanently delete a run that the trash refused; the result is its path."""
    run = trashed.run

    def work() -> Path:
        from ddpm_studio.runs import moving

        moving.delete(run, trashed.extent)
        return run

    return JobSpec(f"Deleting {run.name}", PoolCall(work), listed=False, queue=QUEUE)
