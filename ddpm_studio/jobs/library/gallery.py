"""Gallery of a run: its kept pictures as PNG files, with their recipes and ratings."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import filelock

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.recipes import Recipe, drawing_id, index_of
from ddpm_studio.jobs.events import DrawingResult, Event, Pictures, PicturesRead, Progress
from ddpm_studio.jobs.library.gallery_notes import MAX_STARS as MAX_STARS
from ddpm_studio.jobs.library.gallery_notes import put_on_board as put_on_board
from ddpm_studio.jobs.library.gallery_notes import rate as rate
from ddpm_studio.jobs.library.gallery_notes import read_boards, read_stars, remove_notes
from ddpm_studio.paths import is_file, path_exists, rename_with_retries, why_unreachable
from ddpm_studio.runs.ready import make_user_files_folder, user_files_folder

_FOLDER = "samples/gallery"
DELETED = ".deleted"
_BATCH = 16


@dataclass(eq=False, slots=True)
class GalleryEntry:
    """Gallery entry of a picture, without its pixels, as there may be many.

    ``made`` is the time of its file in seconds; ``drawing`` is the id of its drawing, in which it
    has number ``index``; ``rating`` is 0 (none) to 5; rating and names of ``boards`` are mutable.
    ``unsaved`` holds picture and recipe if they could not be written.
    """

    run: Path
    number: int
    made: float
    kind: str
    drawing: str
    index: int = 0
    seed: int | None = None
    t: int | None = None
    sampler: str = ""
    rating: int = 0
    unsaved: tuple[Pictures, Recipe] | None = None
    boards: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The PNG file, which does not exist if ``unsaved``."""
        return user_files_folder(self.run) / _FOLDER / _file_name(self.number)


def make_entry(
    run: Path,
    number: int,
    made: float,
    recipe: Recipe,
    rating: int = 0,
    boards: tuple[str, ...] = (),
) -> GalleryEntry:
    """Make a gallery entry from a recipe's fields for sorting and filtering."""
    request = _request_of(recipe)
    t = request.get("t")
    # Interned, as thousands of pictures share the same strings.
    kind = sys.intern(str(recipe.get("kind", "")))
    return GalleryEntry(
        run,
        number,
        made,
        kind,
        sys.intern(drawing_id(recipe)),
        index_of(recipe),
        seed_of(recipe),
        t if type(t) is int else None,
        sys.intern(str(request.get("sampler", kind))),
        rating,
        boards=boards,
    )


def seed_of(recipe: Recipe) -> int | None:
    """Return the seed of a drawing; None if it has none."""
    seed = _request_of(recipe).get("seed")
    return seed if type(seed) is int else None


def save_to_gallery(run: Path, drawn: DrawingResult) -> Generator[Event, None, list[GalleryEntry]]:
    """Write each picture of a drawing as a PNG into its run's gallery.

    The recipe of a picture is that of the drawing, with its number as ``index``. The pictures of a
    path or trail are the frames of one animation: only the middle one is kept, whose recipe
    redraws all.

    Raises:
        StudioError: if a file can't be written, or the run folder can't be reached.
        OSError: if the folder can't be made.
    """
    from ddpm_studio.export import save_png

    if reason := why_unreachable(run):
        raise StudioError(
            f"The folder of the run {run.name} {reason}: these pictures are in no file.",
            "Save them from the gallery before the program is closed.",
        )
    folder = make_user_files_folder(run) / _FOLDER
    # The run folder itself is not made: if its disk is gone, that would be on another one.
    for needed_folder in (folder.parent, folder):
        needed_folder.mkdir(exist_ok=True)
    existing = [*numbered_pictures(folder), *numbered_pictures(folder / DELETED)]
    number = max((int(path.stem) for path in existing), default=0)
    entries = []
    count = len(drawn.pictures)
    indices = [count // 2] if _is_animation(drawn.recipe) else range(count)
    for index in indices:
        path = claim_file(folder, number + 1)
        number = int(path.stem)
        recipe = {**drawn.recipe, "index": index}
        save_png(path, drawn.pictures[index][None], recipe)
        entries.append(make_entry(run, number, path.stat().st_mtime, recipe))
        yield Progress(len(entries), len(indices), "Keeping", "pictures")
    return entries


def _is_animation(recipe: Recipe) -> bool:
    return _request_of(recipe).get("trail") is not None or recipe.get("kind") == "path"


def _request_of(recipe: Recipe) -> dict[str, object]:
    request = recipe.get("request")
    return request if isinstance(request, dict) else {}


def find_runs(folder: Path, near: Iterable[Path] = ()) -> list[Path]:
    """Return the runs in a folder, those given, and those in the same folders as these."""
    given = [run.resolve() for run in near]
    folders = dict.fromkeys([folder.resolve(), *(run.parent for run in given)])
    siblings = []
    for parent in folders:
        try:
            siblings += sorted(parent.iterdir())
        except OSError:
            continue
    found = dict.fromkeys([*given, *siblings])
    return [run for run in found if is_file(run / "run.json")]


def load(
    runs: Sequence[Path], empty_bin: bool = False
) -> Generator[Event, None, tuple[list[Path], list[GalleryEntry]]]:
    """Read the galleries of runs; those that are gone, and unreadable files, are left out.

    Args:
        runs: the run folders.
        empty_bin: whether to remove deleted pictures for good.

    Returns:
        The runs that are there, and their gallery entries in no particular order.
    """
    from ddpm_studio.export import read_recipe

    entries = []
    files = {}
    for run in filter(path_exists, runs):
        _copy_to_own_folder(run)
        folder = user_files_folder(run) / _FOLDER
        if empty_bin:
            with contextlib.suppress(OSError, filelock.Timeout):
                remove_notes(folder, {path.name for path in numbered_pictures(folder / DELETED)})
            shutil.rmtree(folder / DELETED, ignore_errors=True)
        files[run] = numbered_pictures(folder)
    total, done = sum(map(len, files.values())), 0
    for run, paths in files.items():
        ratings, boards = read_ratings(run), read_boards(user_files_folder(run) / _FOLDER)
        for path in paths:
            done += 1
            try:
                status = path.stat()
                recipe = read_recipe(path) if status.st_size else None
            except (OSError, StudioError):
                continue
            if recipe is not None:
                stars = ratings.get(path.name, 0)
                picture_boards = boards.get(path.name, ())
                entries.append(
                    make_entry(run, int(path.stem), status.st_mtime, recipe, stars, picture_boards)
                )
            if done % _BATCH == 0 or done == total:
                yield Progress(done, total, "Reading the gallery", "pictures")
    return list(files), entries


def _copy_to_own_folder(run: Path) -> None:
    """Copy the pictures of a ready model to the person's own folder, to be rated or deleted.

    If they can't be copied, the gallery starts empty.
    """
    folder = user_files_folder(run)
    if folder != run and not (folder / _FOLDER).exists():
        with contextlib.suppress(OSError, shutil.Error):
            shutil.copytree(run / _FOLDER, folder / _FOLDER, copy_function=shutil.copyfile)


def read_pictures(files: Sequence[Path]) -> Generator[Event, None, None]:
    """Read pictures in the order given; yields them in batches, None for unreadable files."""
    from ddpm_studio.data import read_picture

    for start in range(0, len(files), _BATCH):
        pictures: dict[Path, Pictures | None] = {}
        for path in files[start : start + _BATCH]:
            try:
                pictures[path] = read_picture(path, alpha=True)
            except StudioError:
                pictures[path] = None
        yield PicturesRead(pictures)


def delete(files: Sequence[Path]) -> Generator[Event, None, None]:
    """Move files from their gallery to its bin; see :func:`restore`.

    Raises:
        OSError: if some can't be moved; all others are.
    """
    return _for_each_file(files, _move_to_bin, "Deleting")


def restore(files: Sequence[Path]) -> Generator[Event, None, None]:
    """Restore files that were moved by :func:`delete`; those that it could not move stay.

    Raises:
        OSError: if some can't be restored; all others are.
    """
    return _for_each_file(files, _move_from_bin, "Bringing back")


def _for_each_file(
    files: Sequence[Path], move: Callable[[Path], object], text: str
) -> Generator[Event, None, None]:
    first_error: OSError | None = None
    for index, path in enumerate(files):
        try:
            move(path)
        except OSError as error:
            first_error = first_error or error
        yield Progress(index + 1, len(files), text, "pictures")
    if first_error is not None:
        raise first_error


def _move_to_bin(path: Path) -> None:
    bin_folder = path.parent / DELETED
    bin_folder.mkdir(exist_ok=True)
    rename_with_retries(Path.replace, path, bin_folder / path.name)


def _move_from_bin(path: Path) -> None:
    try:
        rename_with_retries(Path.replace, path.parent / DELETED / path.name, path)
    except FileNotFoundError:
        if not is_file(path):
            raise


def read_ratings(run: Path) -> dict[str, int]:
    """Return the stars of a run's pictures by file name; damaged ones count as unrated."""
    return read_stars(user_files_folder(run) / _FOLDER)


def claim_file(folder: Path, number: int) -> Path:
    """Create the first free numbered file from this number on, and return its path.

    Numbers of files in the bin are not reused. The empty file reserves the name, as several
    drawings may be kept concurrently.
    """
    while True:
        path = folder / _file_name(number)
        if not (folder / DELETED / path.name).exists():
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                return path
        number += 1


def numbered_pictures(folder: Path) -> list[Path]:
    """Return the pictures in a folder that are named by a number, in that order."""
    return sorted(path for path in folder.glob("*.png") if path.stem.isdecimal())


def _file_name(number: int) -> str:
    return f"{number:06}.png"
