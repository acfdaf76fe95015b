"""Choice of the target size and channels of a set, and the preparation of one picture."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ddpm_studio.data.decoding.decode_pass import FileFrame, Raw, open_picture
from ddpm_studio.data.decoding.decoding import Header
from ddpm_studio.data.decoding.mode_conversion import Rgb, from_array
from ddpm_studio.data.decoding.resizing import Recipe, fit
from ddpm_studio.data.items import Pixels
from ddpm_studio.picture_shape import (
    CHANNELS,
    ImageSize,
    PictureShape,
    parse_band_list,
    sides,
)
from ddpm_studio.requests import FIRST_RULES, PrepareOptions

_MAX_KEPT_SIZE = 64
_MEDIAN_FOR_32 = 48
_SMALLEST = 4
# The dtypes of pictures that have not been looked at are unknown, so a range covers them all.
_TYPES = (
    *("float16", "float32", "float64", "int16", "int32", "int64", "int8"),
    *("uint16", "uint32", "uint64", "uint8"),
)


def parse_colour(text: str) -> Rgb:
    """Parse "#rrggbb" into red, green and blue, each 0..255."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def prepare_picture(raw: Raw, recipe: Recipe) -> Pixels:
    """Prepare one picture as uint8 (H, W, C) of the recipe's shape.

    Raises:
        UnusablePicture: the picture can't be used; the message is the reason for the report.
    """
    if isinstance(raw, bytes | FileFrame):
        with open_picture(raw) as picture:
            decoded = picture.decode(
                recipe.alpha_background,
                recipe.draft_scale,
                ranges=recipe.levels,
                invert=recipe.invert,
            )
    else:
        decoded = from_array(raw, recipe.alpha_background)
    row = np.frombuffer(fit(decoded, recipe), np.uint8)
    return row.reshape(recipe.height, recipe.width, recipe.channels)


def choose_size(sizes: Iterable[tuple[tuple[int, int], int]], multiple: int) -> int:
    """Choose the side in pixels of square prepared pictures from a histogram of sizes.

    Pictures of one size keep their shorter side if that is at most 64; otherwise the side is 32
    where the median of the shorter sides is at most 48, and 64 above. It is rounded down to a
    multiple of ``multiple``, and is at least the smallest multiple that is not below 4.

    Args:
        sizes: pairs of ((width, height), count).
        multiple: the divisor that the side must have.
    """
    histogram = list(sizes)
    if len(histogram) == 1 and min(histogram[0][0]) <= _MAX_KEPT_SIZE:
        side = min(histogram[0][0])
    else:
        sides = np.repeat([min(size) for size, _ in histogram], [count for _, count in histogram])
        side = 32 if np.median(sides) <= _MEDIAN_FOR_32 else 64
    lowest = math.ceil(_SMALLEST / multiple) * multiple
    return max(lowest, side // multiple * multiple)


def recipe_for(options: PrepareOptions, size: ImageSize, headers: Sequence[Header]) -> Recipe:
    """Return the recipe (size, channels, fit, background) for pictures with these headers.

    With ``auto`` the prepared pictures have one channel only where gray is certain: a coloured
    background makes gray pictures coloured where it shows. Of pictures with bands, the most
    frequent number of bands is used. The recipe's value ranges are those of ``options.range``;
    for other dtypes they are to be derived from the pixel values.
    """
    background, ranges = parse_colour(options.background), requested_ranges(options)
    width, height = sides(size)
    invert = options.rules != FIRST_RULES
    pick = parse_band_list(options.bands) if options.bands is not None else None
    if pick is not None:
        as_bands = options.channels == "bands" or len(pick) not in (1, 3)
        return Recipe(
            width, height, len(pick), options.fit, background, as_bands, pick, ranges, invert
        )
    bands = options.channels == "bands" or options.bands is not None
    if options.channels == "auto" and not bands:
        bands = any(header.bands for header in headers)
    if bands:
        counts = Counter(header.channels for header in headers)
        # Ties go to the larger count: nothing else says how many bands there are.
        channels = max(counts, key=lambda count: (counts[count], count))
    else:
        channels = CHANNELS.get(options.channels, 3)
    if options.channels == "auto" and not bands:
        any_alpha = any(header.alpha for header in headers)
        background_shows = len(set(background)) > 1 and (any_alpha or options.fit == "pad")
        channels = 1 if all(header.gray for header in headers) and not background_shows else 3
    return Recipe(
        width, height, channels, options.fit, background, bands, ranges=ranges, invert=invert
    )


def requested_ranges(options: PrepareOptions) -> tuple[tuple[str, float, float], ...]:
    """Return (dtype, low, high), the values of each dtype that are asked to be black and white."""
    if options.rules == FIRST_RULES:
        return ()
    ranges = ((dtype, options.range_of(dtype)) for dtype in _TYPES)
    return tuple((dtype, *range_) for dtype, range_ in ranges if range_ is not None)


def resolve_options(options: PrepareOptions, shape: PictureShape, *, bands: bool) -> PrepareOptions:
    """Return the options with size and channels resolved, for prepared pictures of this shape."""
    names = {channels: name for name, channels in CHANNELS.items()}
    return options.model_copy(
        update={
            "image_size": shape.image_size,
            "channels": "bands" if bands else names.get(shape.channels, "bands"),
        }
    )


def is_gray(picture: Pixels) -> bool:
    """Whether the three channels of (..., 3) are equal everywhere."""
    first = picture[..., 0]
    return bool(np.array_equal(first, picture[..., 1]) and np.array_equal(first, picture[..., 2]))
