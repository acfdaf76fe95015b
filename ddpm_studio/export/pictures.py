"""Pictures to PNG files: one, a grid of many, or one file each."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from itertools import count, repeat
from pathlib import Path

from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.export.grid import WHITE, Colour, Pictures, make_grid
from ddpm_studio.export.recipe import png_text
from ddpm_studio.export.writing import check_suffix, whole_file

Recipe = dict[str, object]


def save_png(
    path: Path,
    pictures: Pictures,
    recipe: Recipe | None = None,
    *,
    columns: int | None = None,
    gap: int = 2,
    background: Colour = WHITE,
    scale: int = 1,
) -> None:
    """Write one picture, or a grid of several, as a PNG.

    Args:
        path: ends with ``.png``.
        pictures: uint8, shape (N, H, W, C), C 1 or 3.
        recipe: what made them, as JSON; :func:`ddpm_studio.export.read_recipe` reads it back.
        columns: see :func:`ddpm_studio.export.make_grid`, as for the rest.
        gap: pixels between pictures.
        background: colour between them.
        scale: integer zoom.

    Raises:
        StudioError: if the name does not end with .png or can't be written.
    """
    check_suffix(path, {".png"})
    grid = make_grid(pictures, columns, gap, background, scale)
    with whole_file(path) as temporary:
        to_image(grid).save(temporary, format="PNG", pnginfo=png_text(recipe))


def save_png_sequence(
    path: Path,
    pictures: Iterable[Pictures],
    recipes: Iterable[Recipe] | None = None,
    *,
    scale: int = 1,
) -> None:
    """Write each picture as its own PNG, ``00000.png`` and so on.

    Args:
        path: a name that ends with ``.zip`` for an archive, or a folder, which is made if its
            parent is there and must not hold anything yet.
        pictures: uint8, each (H, W, C), C 1 or 3; asked for one after the other.
        recipes: what made each; see :func:`each_of`.
        scale: integer zoom.

    Raises:
        StudioError: if it can't be written.
    """
    if path.suffix.lower() == ".zip":
        with whole_file(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            for name, content in _files(pictures, recipes, scale):
                archive.writestr(name, content)
        return
    check_sequence_folder(path)
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise StudioError(
            f"The folder {path} can't be made: {error.strerror or error}.",
            "Choose a place that you may write to.",
        ) from error
    for name, content in _files(pictures, recipes, scale):
        with whole_file(path / name) as temporary:
            temporary.write_bytes(content)


def each_of(recipe: Recipe, *, moving: bool = False) -> Iterator[Recipe]:
    """Yield what made each picture of a drawing or, ``moving``, each frame of its animation."""
    for number in count():
        yield {**recipe, **({"moving": True, "frame": number} if moving else {"index": number})}


def check_sequence_folder(path: Path) -> None:
    """Refuse a folder for a sequence that holds something already, or has no parent.

    Raises:
        StudioError: saying which.
    """
    if path.is_dir():
        if any(path.iterdir()):
            raise StudioError(f"The folder {path} is not empty.", "Choose a new or empty folder.")
    elif path.exists():
        raise StudioError(f"{path} is a file.", "Choose another folder.")
    elif not path.absolute().parent.is_dir():
        raise StudioError(
            f"The folder {path.parent} does not exist.", "Make it first, or choose another."
        )


def to_image(picture: Pictures) -> Image.Image:
    """Return (H, W, C) as a Pillow image of mode L or RGB."""
    return Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)


def _files(
    pictures: Iterable[Pictures], recipes: Iterable[Recipe] | None, scale: int
) -> Iterator[tuple[str, bytes]]:
    each = repeat(None) if recipes is None else recipes
    for index, (picture, own) in enumerate(zip(pictures, each, strict=False)):
        content = io.BytesIO()
        image = to_image(make_grid(picture[None], scale=scale))
        image.save(content, format="PNG", pnginfo=png_text(own))
        yield f"{index:05}.png", content.getvalue()
