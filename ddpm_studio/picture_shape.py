"""Picture shape: size, channels and bands; parsing them, and converting to displayable colours."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from ddpm_studio.durations import format_count
from ddpm_studio.engine.sizes import size_text

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Pictures: TypeAlias = npt.NDArray[np.uint8]

# Requests validate sizes long before arrays are needed: NumPy is imported where it is used.
ImageSize: TypeAlias = int | tuple[int, int]
"""The side of a square in pixels, or (width, height); two equal sides are written as one."""
Bands = tuple[int, int, int]
"""Which channels are shown as red, green and blue, from 0."""

FIRST_BANDS: Bands = (0, 1, 2)
#: Channels up to here have a meaning: gray, gray and alpha, RGB, RGBA; more are bands.
MAX_COLOUR_CHANNELS = 4
MAX_BANDS = 64
MIN_SIDE, MAX_SIDE = 4, 1024

#: Number of channels of each colour mode that data can be prepared in; bands have any number.
CHANNELS = {"gray": 1, "gray+alpha": 2, "rgb": 3, "rgba": 4}

_COLOURS = {1: "gray", 2: "gray + alpha", 3: "RGB", 4: "RGBA"}
_NUMBER = r"([+-]?[\d.]+(?:e[+-]?\d+)?)"
_RANGE = re.compile(rf"\s*{_NUMBER}\s*(?:\.\.|…|:|,)\s*{_NUMBER}\s*", re.IGNORECASE)
_DTYPE = re.compile(r"\s*(bool|u?int(?:8|16|32|64)|float(?:16|32|64))\s*([=~])")
_SIZE = re.compile(r"\s*(\d{1,6})\s*(?:[x×*]\s*(\d{1,6})\s*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PictureShape:
    """Height and width in pixels, and number of channels.

    ``are_bands``: whether the channels are bands, of which none is alpha, even if there are few;
    shapes are equal whether they are or not.
    """

    height: int
    width: int
    channels: int
    are_bands: bool = field(default=False, compare=False)

    @classmethod
    def of(cls, pictures: npt.NDArray[Any], *, are_bands: bool = False) -> PictureShape:
        """Return the shape of pictures (..., H, W, C)."""
        height, width, channels = pictures.shape[-3:]
        return cls(height, width, channels, are_bands)

    @property
    def image_size(self) -> ImageSize:
        """The side of a square, else (width, height)."""
        return image_size(self.width, self.height)

    @property
    def size_text(self) -> str:
        """Size as text, width × height: "96 × 64"."""
        return size_text(self.width, self.height)

    @property
    def colour(self) -> str:
        """Colour mode of the channels as text: "RGB", "5 bands"."""
        if self.are_bands or self.channels > MAX_COLOUR_CHANNELS:
            return format_count(self.channels, "band")
        return _COLOURS[self.channels]

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is alpha."""
        return self.channels in (2, 4) and not self.are_bands

    def __str__(self) -> str:
        return f"{self.size_text}, {self.colour}"


def image_size(width: int, height: int) -> ImageSize:
    """Return the side of a square, else (width, height)."""
    return width if width == height else (width, height)


def sides(size: ImageSize) -> tuple[int, int]:
    """Return the sides (width, height) of an image size."""
    return (size, size) if isinstance(size, int) else size


def parse_image_size(value: object) -> ImageSize:
    """Parse an image size: 32, "32", "96x64", "96 × 64" or [96, 64].

    Raises:
        ValueError: if it is no size, or a side is out of range.
    """
    if isinstance(value, str) and (match := _SIZE.fullmatch(value)):
        value = [int(side) for side in match.groups() if side is not None]
    if isinstance(value, int | float):
        value = [value]
    if not isinstance(value, list | tuple) or len(value) not in (1, 2):
        raise ValueError("must be a side in pixels, or width × height such as 96x64")
    if not all(_is_integer(side) for side in value):
        raise ValueError("must be whole pixels")
    width, height = int(value[0]), int(value[-1])
    if not MIN_SIDE <= min(width, height) <= max(width, height) <= MAX_SIDE:
        raise ValueError(f"must have sides of {MIN_SIDE} to {MAX_SIDE} pixels")
    return image_size(width, height)


def _is_integer(value: object) -> bool:
    is_int = isinstance(value, int) and not isinstance(value, bool)
    return is_int or (isinstance(value, float) and value.is_integer())


def parse_bands(value: object) -> Bands:
    """Parse the three bands to show, numbered from 1: "4,3,2" or (4, 3, 2) → (3, 2, 1).

    Raises:
        ValueError: if it is not three numbers from 1 to ``MAX_BANDS``.
    """
    if isinstance(value, list | tuple):
        value = ",".join(map(str, value))
    items = re.split(r"[\s,;]+", value.strip()) if isinstance(value, str) else ()
    numbers = [int(item) for item in items if re.fullmatch(r"[1-9]\d?", item)]
    if len(items) != 3 or len(numbers) != 3 or max(numbers) > MAX_BANDS:
        raise ValueError(f"must be three numbers from 1 to {MAX_BANDS}, such as 4,3,2")
    red, green, blue = (number - 1 for number in numbers)
    return red, green, blue


def format_bands(bands: Bands) -> str:
    """Format bands, numbered from 1: (3, 2, 1) → "4,3,2"."""
    return ",".join(str(band + 1) for band in bands)


def parse_band_list(value: str) -> tuple[int, ...] | None:
    """Parse a selection of channels, numbered from 1: "4,3,2" → (3, 2, 1); "all" → None.

    Raises:
        ValueError: if it is neither.
    """
    if value.strip().casefold() == "all":
        return None
    items = re.split(r"[\s,;]+", value.strip())
    if len(items) > MAX_BANDS or not all(re.fullmatch(r"[1-9]\d{0,3}", item) for item in items):
        raise ValueError("must be all, or numbers from 1 such as 4,3,2")
    return tuple(int(item) - 1 for item in items)


def parse_range(text: str) -> tuple[float, float]:
    """Parse a range of values: "0..4095", "-1..1".

    Raises:
        ValueError: if it is no range, or its ends are not in order.
    """
    match = _RANGE.fullmatch(text)
    try:
        low, high = (float(match[1]), float(match[2])) if match else (math.nan, math.nan)
    except ValueError:
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("must be two numbers such as 0..4095 or -1..1")
    if not low < high:
        raise ValueError("must begin with the smaller number")
    return low, high


def parse_ranges(text: str) -> dict[str, tuple[float, float]]:
    """Parse ranges of values by dtype: "0..4095", "float32=0..1; uint16=0..4095".

    Returns:
        The range of each dtype that is named, and under "" that of all others, if there is one.
        Those that are expected only are left out, see :func:`parse_expected_ranges`.

    Raises:
        ValueError: as of :func:`parse_range`, or if two ranges are given for one dtype.
    """
    return _parse_entries(text)["="]


def parse_expected_ranges(text: str) -> dict[str, tuple[float, float]]:
    """Parse the ranges by dtype that hold only where all values fit in them: "uint16~0..4095".

    Raises:
        ValueError: as of :func:`parse_ranges`.
    """
    return _parse_entries(text)["~"]


def _parse_entries(text: str) -> dict[str, dict[str, tuple[float, float]]]:
    """Return the ranges by dtype of the entries with each sign, "=" and "~"."""
    ranges: dict[str, dict[str, tuple[float, float]]] = {"=": {}, "~": {}}
    for entry in text.split(";"):
        match = _DTYPE.match(entry)
        dtype, sign = (match[1], match[2]) if match else ("", "=")
        range_ = parse_range(entry[match.end() :] if match else entry)
        if dtype in ranges[sign]:
            of_dtype = f" of {dtype}" if dtype else ""
            raise ValueError(f"must give one range{of_dtype}, not two")
        ranges[sign][dtype] = range_
    return ranges


def has_range_name(dtype: str) -> bool:
    """Whether :func:`parse_ranges` reads ranges of a dtype; not so of long doubles."""
    return _DTYPE.fullmatch(f"{dtype}=") is not None


def format_ranges(
    ranges: Mapping[str, tuple[float, float]],
    expected: Mapping[str, tuple[float, float]] | None = None,
) -> str:
    """Format ranges by dtype as :func:`parse_ranges` reads them.

    Those that are ``expected`` are formatted as :func:`parse_expected_ranges` reads them.
    """
    entries = [(dtype, "=", range_) for dtype, range_ in sorted(ranges.items())]
    entries += [(dtype, "~", range_) for dtype, range_ in sorted((expected or {}).items())]
    return "; ".join(
        (f"{dtype}{sign}" if dtype else "")
        + "..".join(repr(end).removesuffix(".0") for end in range_)
        for dtype, sign, range_ in entries
    )


def check_bands(channels: int, bands: Bands) -> None:
    """Check the chosen bands against the number of channels of the pictures.

    Raises:
        ValueError: if a band doesn't exist (the message gives the valid numbers), or if bands are
            chosen for pictures of at most four channels.
    """
    if channels > MAX_COLOUR_CHANNELS and max(bands) >= channels:
        raise ValueError(f"bands are numbered 1 to {channels}, there is no {max(bands) + 1}")
    if channels <= MAX_COLOUR_CHANNELS and bands != FIRST_BANDS:
        raise ValueError(
            f"{_COLOURS[channels]} is seen as it is; three of more than four channels are chosen"
        )


def bands_of(pictures: Pictures, bands: Bands) -> Bands:
    """Return ``bands`` if the pictures (..., C) have them, else the first three."""
    return bands if max(bands) < pictures.shape[-1] else FIRST_BANDS


def to_displayable(pictures: Pictures, bands: Bands = FIRST_BANDS) -> Pictures:
    """Return displayable pictures (..., C), C = 1 to 4, choosing bands if there are more.

    Args:
        pictures: uint8; of more than four channels, the three ``bands`` are taken.
        bands: channels to show as red, green and blue, from 0.

    Raises:
        ValueError: as :func:`check_bands`, for more than four channels.
    """
    import numpy as np

    channels = pictures.shape[-1]
    if channels <= MAX_COLOUR_CHANNELS:
        return pictures
    check_bands(channels, bands)
    return np.ascontiguousarray(pictures[..., list(bands)])


def with_opaque_alpha(pictures: Pictures) -> Pictures:
    """Return pictures with any alpha channel set to 255, for numbers shown, such as ε̂."""
    if pictures.shape[-1] not in (2, 4):
        return pictures
    opaque = pictures.copy()
    opaque[..., -1] = 255
    return opaque


def composite_over(pictures: Pictures, background: int = 255) -> Pictures:
    """Composite pictures (..., C), C = 1 to 4, over a gray level, which removes alpha."""
    if pictures.shape[-1] not in (2, 4):
        return pictures
    import numpy as np

    alpha = pictures[..., -1:].astype(np.float32) / 255
    composited = pictures[..., :-1] * alpha + background * (1 - alpha)
    return np.rint(composited).astype(np.uint8)
