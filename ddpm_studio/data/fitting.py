"""Which size suits a set of pictures, how they are made, and one of them made."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ddpm_studio.data.decoding.decoding import Rgb, decode, from_array
from ddpm_studio.data.decoding.resizing import Recipe, fit
from ddpm_studio.data.items import Pixels
from ddpm_studio.requests import PrepareOptions

_LARGEST_KEPT = 64
_MEDIAN_FOR_32 = 48
_SMALLEST = 4


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
    return np.asarray(fit(image, recipe)).reshape(recipe.size, recipe.size, recipe.channels)


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
