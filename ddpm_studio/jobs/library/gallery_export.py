"""Bulk export of gallery pictures, as files, as arrays, or as a contact sheet."""

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

# With more pictures than this, a sheet does not contain their recipes, which would be too long.
_MAX_RECIPES = 256


def export_gallery(
    files: Sequence[Path], path: Path, side: int = 0, bands: Bands = FIRST_BANDS
) -> Generator[Event, None, None]:
    """Export gallery pictures, each with its recipe; yields Progress.

    If the generator is closed early, no partial file is left.

    Args:
        files: PNG files of one or more galleries.
        path: ends with ``.zip``, with ``.npz`` for arrays, or with ``.png`` for a contact sheet;
            otherwise it is a folder, new or empty.
        side: small pictures are enlarged by an integer factor to at most this many pixels; 0: not.
            Has no effect on arrays and contact sheets.
        bands: bands to show of more than four channels.

    Raises:
        StudioError: if a picture can't be read, the file can't be written, or pictures of several
            sizes are requested as arrays.
    """
    # The current picture is needed twice: for its pixels, and for its zoom factor.
    read = lru_cache(1)(partial(read_picture, alpha=True))
    pictures = _LazyPictures(files, read)
    suffix = path.suffix.lower()
    if suffix == export.NPZ:
        labels = labels_of((recipe, index_of(recipe)) for recipe in _recipes(files))
        yield from export.save_npz(path, pictures, labels)
    elif suffix == ".png":
        sheet_recipe: Recipe = {"kind": "gallery"}
        recipes = list(_recipes(files))
        if len(recipes) <= _MAX_RECIPES:
            sheet_recipe["pictures"] = [without_inputs(recipe) for recipe in recipes]
        captions = [_caption(recipe) for recipe in recipes]
        yield from save_contact_sheet(path, pictures, captions, sheet_recipe, bands=bands)
    else:
        # Each may have another size, so its zoom is determined when it is written.
        zoomed_recipes = (
            export.zoomed_recipe(recipe, export.zoom_to(picture, side))
            for recipe, picture in zip(_recipes(files), pictures, strict=True)
        )
        yield from export.save_png_sequence(
            path, _LazyPictures(files, read, side), zoomed_recipes, bands=bands
        )


class _LazyPictures(LazySequence[Pictures]):
    """Lazy sequence of pictures (H, W, C), each read and enlarged on access."""

    def __init__(
        self, files: Sequence[Path], read: Callable[[Path], Pictures], side: int = 0
    ) -> None:
        self._files, self._read, self._side = files, read, side

    def __len__(self) -> int:
        return len(self._files)

    def item(self, index: int, /) -> Pictures:
        picture = self._read(self._files[index])
        return export.zoom(picture, export.zoom_to(picture, self._side))


def _recipes(files: Sequence[Path]) -> Iterator[Recipe]:
    for path in files:
        yield export.read_recipe(path) or {}


def _caption(recipe: Recipe) -> str:
    """Return a caption: the seed and the number of the picture, else its kind."""
    request = recipe.get("request")
    seed = request.get("seed") if isinstance(request, dict) else None
    return str(recipe.get("kind", "")) if seed is None else f"seed {seed} · {index_of(recipe) + 1}"
