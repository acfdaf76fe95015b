"""Pictures of any shape → equal squares, and which size suits a set."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from ddpm_studio.data.decoding import Rgb, Unusable, decode, from_array
from ddpm_studio.data.items import Pixels
from ddpm_studio.requests import PrepareOptions

_LARGEST_KEPT = 64
_MEDIAN_FOR_32 = 48
_SMALLEST = 4
#: JPEG is decoded, and pictures are averaged, down to this many times the size aimed at;
#: the fine filter does the rest without visible difference.
_REDUCE_TO = 3.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """How each picture is made: ``channels`` is 1 or 3."""

    size: int
    channels: int
    fit: Literal["crop", "pad", "squash"]
    background: Rgb

    def draft_scale(self, width: int, height: int) -> float:
        """Return the scale at which a picture still has pixels enough."""
        side = max(width, height) if self.fit == "pad" else min(width, height)
        return _REDUCE_TO * self.size / side


def parse_colour(text: str) -> Rgb:
    """Return "#rrggbb" as three numbers 0..255."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def make_square(raw: bytes | Pixels, recipe: Recipe) -> Pixels:
    """Return one picture as uint8 (size, size, channels).

    Raises:
        Unusable: with the reason for the report.
    """
    if isinstance(raw, bytes):
        image = decode(raw, recipe.background, recipe.draft_scale)
    else:
        image = from_array(raw, recipe.background)
    mode = "L" if recipe.channels == 1 else "RGB"
    square = _fit(image, recipe)
    if square.mode != mode:
        square = square.convert(mode)
    return np.asarray(square).reshape(recipe.size, recipe.size, recipe.channels)


def make_squares(raws: Iterable[bytes | Pixels | str], recipe: Recipe) -> list[Pixels | str]:
    """Return for each picture its square, or the reason why there is none.

    A text stands for a picture that could not even be read, and stays as it is.
    """
    made: list[Pixels | str] = []
    for raw in raws:
        if isinstance(raw, str):
            made.append(raw)
            continue
        try:
            made.append(make_square(raw, recipe))
        except Unusable as verdict:
            made.append(str(verdict))
    return made


def _fit(image: Image.Image, recipe: Recipe) -> Image.Image:
    width, height = image.size
    size = recipe.size
    if recipe.fit == "crop":
        side = min(width, height)
        # Whole pixels: half a pixel would blur a picture that needs no scaling.
        left, top = (width - side) // 2, (height - side) // 2
        return _resize(image, (size, size), (left, top, left + side, top + side))
    whole = (0, 0, width, height)
    if recipe.fit == "squash":
        return _resize(image, (size, size), whole)
    scale = size / max(width, height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = _resize(image, inner, whole)
    if inner == (size, size):
        return resized
    red, green, blue = recipe.background
    if resized.mode == "L" and red == green == blue:
        canvas = Image.new("L", (size, size), red)
    else:
        canvas = Image.new("RGB", (size, size), recipe.background)
    canvas.paste(resized, ((size - inner[0]) // 2, (size - inner[1]) // 2))
    return canvas


def _resize(image: Image.Image, to: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    width, height = box[2] - box[0], box[3] - box[1]
    if (width, height) == to:
        return image if image.size == to else image.crop(box)
    shrinks = to[0] < width or to[1] < height
    method = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    return image.resize(to, method, box, reducing_gap=_REDUCE_TO)


def choose_size(sizes: Iterable[tuple[tuple[int, int], int]], multiple: int) -> int:
    """Return the side for pictures of these ((width, height), count).

    Equal pictures of up to 64 pixels keep their size; else it is 32 where the median of the
    shorter sides is at most 48, and 64 above. The side is rounded down to a ``multiple``.
    """
    counted = list(sizes)
    if len(counted) == 1 and min(counted[0][0]) <= _LARGEST_KEPT:
        side = min(counted[0][0])
    else:
        sides = np.repeat([min(size) for size, _ in counted], [count for _, count in counted])
        side = 32 if np.median(sides) <= _MEDIAN_FOR_32 else 64
    lowest = math.ceil(_SMALLEST / multiple) * multiple
    return max(lowest, side // multiple * multiple)


def recipe_for(options: PrepareOptions, size: int, *, all_gray: bool, any_alpha: bool) -> Recipe:
    """Return the recipe; with ``auto`` it has one channel only where gray is certain.

    A coloured background makes gray pictures coloured where it shows.
    """
    background = parse_colour(options.background)
    shows = len(set(background)) > 1 and (any_alpha or options.fit == "pad")
    gray = options.channels == "gray" or (options.channels == "auto" and all_gray and not shows)
    return Recipe(size, 1 if gray else 3, options.fit, background)


def is_gray(picture: Pixels) -> bool:
    """Whether the channels of (H, W, 3) are equal everywhere."""
    first = picture[..., 0]
    return bool(np.array_equal(first, picture[..., 1]) and np.array_equal(first, picture[..., 2]))
