"""Gallery jobs: pictures kept in the runs' folders; reading, rating, exporting, deleting."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ddpm_studio.backend.spec import JobSpec, Lane, PoolSteps
from ddpm_studio.jobs.events import DrawingResult, Event
from ddpm_studio.picture_shape import FIRST_BANDS, Bands

if TYPE_CHECKING:
    from ddpm_studio.jobs.library.gallery import GalleryEntry

# One queue, so that reads, writes, moves and restores happen in the order of their requests.
_QUEUE = "gallery"

T = TypeVar("T")


def save_to_gallery(run: Path, drawn: DrawingResult) -> JobSpec[list[GalleryEntry]]:
    """Write drawn pictures into a run's gallery."""

    def work() -> Generator[Event, None, list[GalleryEntry]]:
        from ddpm_studio.jobs.library import gallery

        return gallery.save_to_gallery(run, drawn)

    return _write_job(f"Keeping {len(drawn.pictures)}", work)


def load(
    near: Sequence[Path], known: Sequence[Path], folder: Path | None = None
) -> JobSpec[tuple[list[Path], list[GalleryEntry]]]:
    """Read the galleries of runs; the result is the runs that were read and their pictures.

    Args:
        near: runs to read.
        known: runs not to read again.
        folder: a folder whose runs are read too, and runs next to the given ones.
    """

    def work() -> Generator[Event, None, tuple[list[Path], list[GalleryEntry]]]:
        from ddpm_studio.jobs.library import gallery

        runs = [run.resolve() for run in near]
        if folder is not None:
            runs = gallery.find_runs(folder, runs)
        return gallery.load([run for run in runs if run not in known], empty_bin=True)

    return JobSpec("Reading the gallery", PoolSteps(work), queue=_QUEUE)


def read_pictures(files: Sequence[Path]) -> JobSpec[None]:
    """Read pictures, emitted as PicturesRead; a newer request replaces this one."""

    def work() -> Generator[Event, None, None]:
        from ddpm_studio.jobs.library import gallery

        return gallery.read_pictures(files)

    title = f"Reading {len(files)}"
    return JobSpec(title, PoolSteps(work), slot="gallery pictures", listed=False)


def rate(files: Sequence[Path], stars: int) -> JobSpec[None]:
    """Write the rating of pictures, 0 to 5 stars."""

    def work() -> Generator[Event, None, None]:
        from ddpm_studio.jobs.library import gallery

        return gallery.rate(files, stars)

    return _write_job(f"Rating {len(files)}", work)


def put_on_board(files: Sequence[Path], board: str, on: bool) -> JobSpec[None]:
    """Put pictures on a board, or take them off."""

    def work() -> Generator[Event, None, None]:
        from ddpm_studio.jobs.library import gallery

        return gallery.put_on_board(files, board, on)

    title = f"Putting {len(files)} on {board}" if on else f"Taking {len(files)} off {board}"
    return _write_job(title, work)


def export_pictures(
    files: Sequence[Path], path: Path, side: int = 0, bands: Bands = FIRST_BANDS
) -> JobSpec[Path]:
    """Export kept pictures to a folder, zip, ``.npz`` or contact sheet; the result is the path.

    Args:
        files: the pictures' files.
        path: ends with ``.zip``, ``.npz`` or, for a contact sheet, ``.png``; else it is a folder.
        side: largest side in pixels, to which they are enlarged by an integer factor; 0: as is.
        bands: which of more than four channels to show.
    """

    def work() -> Generator[Event, None, Path]:
        from ddpm_studio.jobs.library.gallery_export import export_gallery

        yield from export_gallery(files, path, side, bands)
        return path

    title = f"Exporting {len(files):,} to {path.name}"
    return JobSpec(title, PoolSteps(work), Lane.BACKGROUND, queue=f"file {path}", wanted=True)


def delete(files: Sequence[Path]) -> JobSpec[None]:
    """Move files of a gallery to its bin, from which :func:`restore` brings them back."""

    def work() -> Generator[Event, None, None]:
        from ddpm_studio.jobs.library import gallery

        return gallery.delete(files)

    return _write_job(f"Deleting {len(files)}", work)


def restore(files: Sequence[Path]) -> JobSpec[None]:
    """Restore files from the gallery's bin."""

    def work() -> Generator[Event, None, None]:
        from ddpm_studio.jobs.library import gallery

        return gallery.restore(files)

    return _write_job(f"Bringing back {len(files)}", work)


def _write_job(title: str, work: Callable[[], Generator[Event, None, T]]) -> JobSpec[T]:
    """Return a job of short writes to galleries, completed even if the window closes."""
    return JobSpec(title, PoolSteps(work), listed=False, queue=_QUEUE, finishes=True)
