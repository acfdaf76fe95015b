"""Contact sheets: pictures of any sizes in rows, each with a caption of one line."""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ddpm_studio.errors import StudioError
from ddpm_studio.export.atomic_writes import atomic_write, check_suffix
from ddpm_studio.export.grid import Pictures, zoom
from ddpm_studio.export.monitored import Monitor, encode_image, run_monitored
from ddpm_studio.export.pictures import to_image
from ddpm_studio.export.recipe import png_text
from ddpm_studio.picture_shape import FIRST_BANDS, Bands, bands_of, to_displayable
from ddpm_studio.progress import Progress

MAX_PICTURES = 2000
"""The most pictures on one sheet; more could not be viewed."""

_CELL, _LARGEST_CELL, _GAP = 128, 256, 8
_FONT_SIZE, _LINE = 11, 16
_BACKGROUND, _TEXT_COLOUR = (255, 255, 255), (92, 101, 112)


def save_contact_sheet(
    path: Path,
    pictures: Sequence[Pictures],
    captions: Sequence[str],
    recipe: dict[str, object] | None = None,
    *,
    bands: Bands = FIRST_BANDS,
) -> Generator[Progress, None, None]:
    """Write pictures (H, W, C) of any sizes as one PNG, in rows; yields Progress.

    Small pictures are enlarged by integer factors to at most 128 pixels, or the size of the
    largest; those larger than 256 are reduced. If closed early, no partial file is left.

    Args:
        path: ends with ``.png``.
        pictures: uint8, at least one; accessed one after the other, twice.
        captions: a line for each.
        recipe: the recipe to store.
        bands: which of more than four channels to show.

    Raises:
        StudioError: if there are more than :data:`MAX_PICTURES`, or it can't be written.
    """
    check_suffix(path, {".png"})
    if len(pictures) > MAX_PICTURES:
        raise StudioError(
            f"{len(pictures):,} pictures are too many for one sheet.",
            f"Choose at most {MAX_PICTURES:,}, or save them in a folder.",
        )

    def write(monitor: Monitor) -> bytes:
        largest = max(max(picture.shape[:2]) for picture in monitor.track(pictures, "Measuring"))
        cell = min(max(_CELL, largest), _LARGEST_CELL)
        columns = math.ceil(math.sqrt(len(pictures)))
        rows = math.ceil(len(pictures) / columns)
        size = (
            columns * (cell + _GAP) + _GAP,
            rows * (cell + _LINE + _GAP) + _GAP,
        )
        sheet = Image.new("RGB", size, _BACKGROUND)
        draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT_SIZE)
        for index, picture in enumerate(monitor.track(pictures)):
            row, column = divmod(index, columns)
            left = _GAP + column * (cell + _GAP)
            top = _GAP + row * (cell + _LINE + _GAP)
            tile = _fit_to_cell(to_displayable(picture, bands_of(picture, bands)), cell)
            position = (left + (cell - tile.width) // 2, top + (cell - tile.height) // 2)
            sheet.paste(tile, position, tile if tile.mode == "RGBA" else None)
            caption = _truncate(captions[index], font, cell)
            draw.text((left + cell // 2, top + cell + 2), caption, _TEXT_COLOUR, font, anchor="ma")
        return encode_image(sheet, monitor, "PNG", pnginfo=png_text(recipe))

    start = Progress(0, len(pictures), "Writing", "pictures")
    with atomic_write(path) as temporary:
        temporary.write_bytes((yield from run_monitored(start, write)))


def _fit_to_cell(picture: Pictures, cell: int) -> Image.Image:
    side = max(picture.shape[:2])
    image = to_image(zoom(picture, max(1, cell // side)))
    if side > cell:
        image.thumbnail((cell, cell))
    return image.convert("RGBA" if image.mode in ("LA", "RGBA") else "RGB")


def _truncate(caption: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """Truncate a caption to a width in pixels."""
    while caption and font.getlength(caption) > width:
        caption = caption[:-1]
    return caption
