"""Bulk export of a gallery: many pictures as files, as arrays, or as one contact sheet."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path

from ddpm_studio import export
from ddpm_studio.data import read_picture
from ddpm_studio.export.contact_sheet import save_contact_sheet
from ddpm_studio.jobs.drawing.picture_files import labels_of
from ddpm_studio.jobs.drawing.recipes import Recipe, index_of, without_inputs
from ddpm_studio.jobs.events import Event, Pictures
from ddpm_studio.lazy_sequence import LazySequence
from ddpm_studio.picture_shape import FIRST_BANDS, Bands

# A sheet that tells of more pictures than this would tell too much for one file's text.
_MOST_TOLD = 256


def export_kept(
    files: Sequence[Path], path: Path, side: int = 0, bands: Bands = FIRST_BANDS
) -> Generator[Event, None, None]:
    """Write kept pictures elsewhere, each with its recipe; yields Progress.

    Closed before its end it leaves nothing.

    Args:
        files: PNG files of galleries, one or more.
        path: ends with ``.zip``, with ``.npz`` for arrays, or with ``.png`` for a contact sheet;
            else it is a folder, new or empty.
        side: enlarged by a whole factor to at most so many pixels; 0: as they are. Arrays have
            the pictures as they are in any case, a sheet its own size.
        bands: which of more than four channels are seen.

    Raises:
        StudioError: if a picture can't be read, the file can't be written, or pictures of several
            sizes are asked for as arrays.
    """
    # The one that is written is asked for twice: for its pixels, and for how it is enlarged.
    read = lru_cache(1)(partial(read_picture, alpha=True))
    pictures = _Kept(files, read)
    suffix = path.suffix.lower()
    if suffix == export.NPZ:
        labels = labels_of((recipe, index_of(recipe)) for recipe in _told(files))
        yield from export.save_npz(path, pictures, labels)
    elif suffix == ".png":
        told: Recipe = {"kind": "gallery"}
        recipes = list(_told(files))
        if len(recipes) <= _MOST_TOLD:
            told["pictures"] = [without_inputs(recipe) for recipe in recipes]
        captions = [_caption(recipe) for recipe in recipes]
        yield from save_contact_sheet(path, pictures, captions, told, bands=bands)
    else:
        # Each may be of another size, and is looked at when its turn comes.
        each = (
            export.zoomed_recipe(recipe, export.zoom_to(picture, side))
            for recipe, picture in zip(_told(files), pictures, strict=True)
        )
        yield from export.save_png_sequence(path, _Kept(files, read, side), each, bands=bands)


class _Kept(LazySequence[Pictures]):
    """Pictures (H, W, C) that are read when they are asked for, each enlarged."""

    def __init__(
        self, files: Sequence[Path], read: Callable[[Path], Pictures], side: int = 0
    ) -> None:
        self._files, self._read, self._side = files, read, side

    def __len__(self) -> int:
        return len(self._files)

    def item(self, index: int, /) -> Pictures:
        picture = self._read(self._files[index])
        return export.zoom(picture, export.zoom_to(picture, self._side))


def _told(files: Sequence[Path]) -> Iterator[Recipe]:
    for path in files:
        yield export.read_recipe(path) or {}


def _caption(recipe: Recipe) -> str:
    """Name a picture in a word or two: what it is, and the seed it is drawn again with."""
    request = recipe.get("request")
    seed = request.get("seed") if isinstance(request, dict) else None
    return str(recipe.get("kind", "")) if seed is None else f"seed {seed} · {index_of(recipe) + 1}"
