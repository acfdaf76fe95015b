"""The pictures of a run that were drawn and kept: PNG files with their recipes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import Drawn, Event, Pictures, Progress

_FOLDER = "samples/gallery"
_DELETED = ".deleted"


@dataclass(frozen=True, eq=False)
class Kept:
    """One picture, uint8 (H, W, C), its file and how it was made, as far as that is known."""

    picture: Pictures
    recipe: dict[str, object]
    path: Path | None = None

    @cached_property
    def drawing(self) -> str:
        """Equal for all pictures of one and the same drawing."""
        return drawing_of(self.recipe)


def keep(run: Path, drawn: Drawn) -> Generator[Event, None, list[Kept]]:
    """Write each picture as a PNG of its own into the run's folder.

    The recipe of a picture is that of the drawing, with its number as ``index``.

    Raises:
        StudioError: if the folder can't be written to.
        OSError: if it can't be made.
    """
    from ddpm_studio.export import save_png

    folder = run / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    # The numbers of deleted files are not given again while they may come back.
    taken = [*_files(folder), *_files(folder / _DELETED)]
    first = max((int(path.stem) for path in taken), default=0) + 1
    kept = []
    for index, picture in enumerate(drawn.pictures):
        path = folder / f"{first + index:06}.png"
        recipe = {**drawn.recipe, "index": index}
        save_png(path, picture[None], recipe)
        kept.append(Kept(picture, recipe, path))
        yield Progress(index + 1, len(drawn.pictures), "Keeping")
    return kept


def load(run: Path) -> Generator[Event, None, list[Kept]]:
    """Read what was kept, oldest first; a file that can't be read is left out.

    What was deleted before now is gone for good.
    """
    from ddpm_studio.data import read_picture
    from ddpm_studio.export import read_recipe

    shutil.rmtree(run / _FOLDER / _DELETED, ignore_errors=True)
    kept = []
    files = _files(run / _FOLDER)
    for number, path in enumerate(files):
        try:
            picture = read_picture(path)
            recipe = read_recipe(path)
        except StudioError:
            continue
        kept.append(Kept(picture, recipe or {}, path))
        yield Progress(number + 1, len(files), "Reading the gallery")
    return kept


def delete(paths: Sequence[Path]) -> Generator[Event, None, None]:
    """Take files out of the gallery; :func:`restore` brings them back."""
    for number, path in enumerate(paths):
        grave = path.parent / _DELETED
        grave.mkdir(exist_ok=True)
        path.replace(grave / path.name)
        yield Progress(number + 1, len(paths), "Deleting")


def restore(paths: Sequence[Path]) -> Generator[Event, None, None]:
    """Bring files back that :func:`delete` took out."""
    for number, path in enumerate(paths):
        (path.parent / _DELETED / path.name).replace(path)
        yield Progress(number + 1, len(paths), "Bringing back")


def drawing_of(recipe: dict[str, object]) -> str:
    """Return a text that is equal for all pictures of one and the same drawing."""
    whole = {key: value for key, value in recipe.items() if key != "index"}
    return json.dumps(whole, sort_keys=True, default=str)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.png") if path.stem.isdigit())
