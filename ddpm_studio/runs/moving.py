"""Renaming and deleting run folders, holding the run's lock; refused while a run is trained."""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ddpm_studio.errors import StudioError
from ddpm_studio.paths import rename_with_retries
from ddpm_studio.runs import atomic, journal
from ddpm_studio.runs.folder import RunFolder
from ddpm_studio.runs.lock import LockOwner, hold_lock, is_in_use
from ddpm_studio.runs.naming import renamed_path
from ddpm_studio.runs.ready import check_not_ready_model


@dataclass(frozen=True)
class RunExtent:
    """Steps (None if unreadable) and size in bytes of a run, shown before it is deleted.

    ``folder`` identifies the folder, as (device, inode), if another one takes its name.
    """

    steps: int | None
    size: int
    folder: tuple[int, int]


def extent(run: Path) -> RunExtent:
    """Return how far a run is trained and how much disk space it takes."""
    steps = None
    with suppress(StudioError):
        checkpoints = RunFolder.open(run).checkpoints()
        steps = checkpoints[-1].step if checkpoints else 0
    size = 0
    for file in run.rglob("*"):
        with suppress(OSError):
            size += file.lstat().st_size
    stat = run.stat()
    return RunExtent(steps, size, (stat.st_dev, stat.st_ino))


def check_not_training(run: Path) -> None:
    """Check that a run may be renamed or deleted.

    Raises:
        StudioError: if it is being trained, ships with the program, or is no run folder.
    """
    check_not_ready_model(run, "stays where it is", "Copy its folder to have one of your own.")
    if not (run / "run.json").is_file():
        raise StudioError(f"There is no run at {run} any more.", "Look where it is now.")
    if is_in_use(run):
        owner = LockOwner.read(run)
        who = f" by {owner}" if owner is not None and not owner.is_this_process else ""
        raise StudioError(
            f"{run.name} is being trained{who}: it stays where it is.", "Stop the training first."
        )


def rename(run: Path, name: str) -> Path:
    """Rename a run's folder, and return its new path.

    Raises:
        StudioError: if it is being trained, the name is invalid or taken, or the folder can't be
            renamed; nothing has changed then.
    """
    check_not_training(run)
    new = renamed_path(run, name)
    with hold_lock(run) as attempt:
        steps = journal.noted(run)
        journal.end(run)
        try:
            attempt(lambda: rename_with_retries(Path.rename, run, new))
        except OSError as error:
            if steps is not None:
                journal.begin(run, steps)
            raise StudioError(
                f"{run.name} can't be renamed: {error.strerror or error}.",
                "Close other programs that use its folder, and check that it may be written to.",
            ) from error
    if steps is not None:
        journal.begin(new, steps)
    with suppress(OSError):
        atomic.flush_folder(new.parent)
    return new


def delete(run: Path, confirmed: RunExtent) -> None:
    """Delete a run permanently, if it is still as it was when the user confirmed.

    Args:
        run: the run folder.
        confirmed: its extent as shown to the user.

    Raises:
        StudioError: if it is another run or has been trained since, is being trained, or a part
            of it can't be deleted.
    """
    check_not_training(run)
    with hold_lock(run) as attempt:
        current = extent(run)
        if (current.folder, current.steps) != (confirmed.folder, confirmed.steps):
            raise StudioError(
                f"{run.name} is not the run any more that was to be deleted: nothing was.",
                "Delete it once more if you mean the one that is there now.",
            )
        steps = journal.noted(run)
        journal.end(run)
        try:
            attempt(lambda: shutil.rmtree(run))
        except OSError as error:
            if steps is not None and (run / "run.json").is_file():
                journal.begin(run, steps)
            raise StudioError(
                f"{run.name} can't be deleted as a whole: {error.strerror or error}.",
                f"Look into {run}.",
            ) from error
