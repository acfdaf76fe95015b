"""PNG files: a single picture, a grid, or a sequence of files in a folder or archive."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from functools import partial
from itertools import count, repeat
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ddpm_studio.band_chunk import BAND_CHUNK, pack_bands
from ddpm_studio.errors import StudioError
from ddpm_studio.export.atomic_writes import atomic_write, check_suffix
from ddpm_studio.export.grid import WHITE, Colour, Pictures, make_grid, zoom
from ddpm_studio.export.monitored import Monitor, encode_image, run_monitored
from ddpm_studio.export.recipe import png_text
from ddpm_studio.picture_shape import (
    FIRST_BANDS,
    MAX_COLOUR_CHANNELS,
    Bands,
    bands_of,
    to_displayable,
)
from ddpm_studio.progress import Progress

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
    bands: Bands = FIRST_BANDS,
) -> None:
    """Write one picture, or a grid of several, as a PNG, without progress: for small ones.

    Args:
        path: ends with ``.png``.
        pictures: uint8, shape (N, H, W, C); of more than four channels three are shown, and
            :func:`ddpm_studio.data.read_picture` reads all of them.
        recipe: what made them, as JSON; :func:`ddpm_studio.export.read_recipe` reads it back.
        columns: this and the rest as for :func:`ddpm_studio.export.make_grid`.
        gap: pixels between pictures.
        background: colour between them.
        scale: integer zoom.
        bands: which of more than four channels to show.

    Raises:
        StudioError: if the name does not end with .png or can't be written.
    """
    check_suffix(path, {".png"})
    grid = make_grid(pictures, columns, gap, background)
    with atomic_write(path) as temporary:
        image, metadata = _displayed(grid, recipe, scale, bands)
        image.save(temporary, format="PNG", pnginfo=metadata)


def save_grid(
    path: Path,
    pictures: Pictures,
    recipe: Recipe | None = None,
    *,
    columns: int | None = None,
    scale: int = 1,
    bands: Bands = FIRST_BANDS,
) -> Generator[Progress, None, None]:
    """Write a grid of any size as :func:`save_png` does; yields Progress.

    If the generator is closed early, no partial file is left and an existing file is unchanged.

    Raises:
        StudioError: if the name does not end with .png or can't be written.
    """
    check_suffix(path, {".png"})

    def write(monitor: Monitor) -> bytes:
        image, metadata = _displayed(make_grid(pictures, columns), recipe, scale, bands)
        content = encode_image(image, monitor, "PNG", pnginfo=metadata)
        monitor.report(len(pictures))
        return content

    start = Progress(0, len(pictures), "Writing", "pictures")
    with atomic_write(path) as temporary:
        temporary.write_bytes((yield from run_monitored(start, write)))


def save_png_sequence(
    path: Path,
    pictures: Collection[Pictures],
    recipes: Iterable[Recipe] | None = None,
    *,
    scale: int = 1,
    bands: Bands = FIRST_BANDS,
) -> Generator[Progress, None, None]:
    """Write each picture as its own PNG, ``00000.png`` and so on; yields Progress.

    If closed early, or on an error, nothing is left: no archive, none of its files, and no folder
    that did not exist before.

    Args:
        path: a name that ends with ``.zip`` for an archive, or a folder, which must be empty, or
            is created if its parent exists.
        pictures: uint8, each (H, W, C); accessed one after the other.
        recipes: the recipe of each; see :func:`picture_recipes`.
        scale: integer zoom.
        bands: which of more than four channels to show, if a picture has them.

    Raises:
        StudioError: if it can't be written.
    """

    def write(write_file: Callable[[str, bytes], object], monitor: Monitor) -> None:
        recipe_iterator = repeat(None) if recipes is None else recipes
        tracked = zip(monitor.track(pictures), recipe_iterator, strict=False)
        for index, (picture, picture_recipe) in enumerate(tracked):
            image, metadata = _displayed(
                make_grid(picture[None]), picture_recipe, scale, bands_of(picture, bands)
            )
            content = encode_image(image, monitor, "PNG", pnginfo=metadata)
            with monitor.critical_section():
                write_file(f"{index:05}.png", content)

    start = Progress(0, len(pictures), "Writing", "pictures")
    with _open_sequence(path) as write_file:
        yield from run_monitored(start, partial(write, write_file))


@contextlib.contextmanager
def open_png_sequence(
    path: Path, recipe: Recipe, *, scale: int = 1, bands: Bands = FIRST_BANDS
) -> Iterator[Callable[[Pictures], None]]:
    """Context manager that yields a function to write pictures (n, H, W, C) in batches, streaming.

    The files are those of :func:`save_png_sequence`.

    Args:
        path: as for :func:`save_png_sequence`.
        recipe: recipe of the drawing that the pictures belong to.
        scale: integer zoom.
        bands: which of more than four channels to show.

    Raises:
        StudioError: if it can't be written.
    """
    numbered_recipes = enumerate(picture_recipes(recipe))
    with _open_sequence(path) as write_file:

        def write(pictures: Pictures) -> None:
            for picture in pictures:
                index, picture_recipe = next(numbered_recipes)
                image, metadata = _displayed(make_grid(picture[None]), picture_recipe, scale, bands)
                content = io.BytesIO()
                image.save(content, format="PNG", pnginfo=metadata)
                write_file(f"{index:05}.png", content.getvalue())

        yield write


@contextlib.contextmanager
def _open_sequence(path: Path) -> Iterator[Callable[[str, bytes], object]]:
    """Context manager that yields a function to write files into an archive or a folder."""
    if path.suffix.lower() == ".zip":
        with atomic_write(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            yield archive.writestr
        return
    with _atomic_folder(path) as write_file:
        yield write_file


@contextlib.contextmanager
def _atomic_folder(path: Path) -> Iterator[Callable[[str, bytes], None]]:
    """Context manager that yields a function to write files into a new or empty folder.

    If the body raises, all files are removed, and the folder if it is new.
    """
    check_sequence_folder(path)
    is_new = not path.exists()
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        raise StudioError(
            f"The folder {path} can't be made: {error.strerror or error}.",
            "Choose a place that you may write to.",
        ) from error
    written: list[Path] = []

    def write_file(name: str, content: bytes) -> None:
        with atomic_write(path / name) as temporary:
            temporary.write_bytes(content)
        written.append(path / name)

    try:
        yield write_file
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)
        if is_new:
            # Another program may have written into the folder meanwhile.
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


def picture_recipes(recipe: Recipe, *, moving: bool = False) -> Iterator[Recipe]:
    """Yield the recipe of each picture of a drawing or, ``moving``, of each animation frame."""
    for index in count():
        yield {**recipe, **({"moving": True, "frame": index} if moving else {"index": index})}


def check_sequence_folder(path: Path) -> None:
    """Check that a sequence of files can be written to a folder.

    Raises:
        StudioError: if it is not empty, is a file, or its parent doesn't exist.
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
    """Convert a picture (H, W, C), C 1 to 4, to a Pillow image of mode L, LA, RGB or RGBA."""
    return Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)


def _displayed(
    grid: Pictures, recipe: Recipe | None, scale: int, bands: Bands
) -> tuple[Image.Image, PngInfo]:
    """Return a grid's displayable image, and its PNG metadata: the recipe, and all bands."""
    metadata = png_text(recipe)
    if grid.shape[2] > MAX_COLOUR_CHANNELS:
        metadata.add(BAND_CHUNK, pack_bands(grid))
    return to_image(zoom(to_displayable(grid, bands), scale)), metadata
