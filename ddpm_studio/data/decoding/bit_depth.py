"""Bit depth: values of more than eight bits, and bytes with a narrower range → levels 0..255."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, PngImagePlugin

from ddpm_studio.data.decoding.verdicts import OUT_OF_RANGE, RANGE_REQUIRED, UnusablePicture
from ddpm_studio.data.items import Pixels
from ddpm_studio.data.values import BYTES, WORDS, Range, UnknownRangeError, Values

#: The values that become levels 0 and 255, by dtype name.
Ranges = Mapping[str, Range]
NO_RANGES: Ranges = MappingProxyType({})
_STRIP_PIXELS = 1 << 20
# Pillow's raw decoders of 16 bits, which keep the high byte of each value, and those that keep the
# low byte. Of gray with alpha the latter takes the four bytes of a pixel for its channels.
_GRAY_ALPHA = "LA;16B"
_LOW_BYTES = {"RGB;16B": "RGB;16L", "RGBA;16B": "RGBA;16L", _GRAY_ALPHA: "RGBA"}
# A high byte of at least this value proves that the full 16 bits are used.
_FULL = 64


def strips(image: Image.Image) -> Iterator[tuple[Image.Image, tuple[int, int]]]:
    """Yield horizontal strips of an image with their (left, top), to bound the use of memory."""
    rows = max(1, _STRIP_PIXELS // max(1, image.width))
    for top in range(0, image.height, rows):
        bottom = min(image.height, top + rows)
        yield image.crop((0, top, image.width, bottom)), (0, top)


def measure_values(image: Image.Image) -> Values:
    """Return the minimum and maximum of an image's values, without those of its alpha channel."""
    if image.mode in ("L", "LA", "RGB", "RGBA"):
        extrema = image.getextrema()
        bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
        colours = bands[:1] if len(bands) <= 2 else bands[:3]
        low, high = min(band[0] for band in colours), max(band[1] for band in colours)
        return Values("uint8", float(low), float(high))
    values: Values | None = None
    for strip, _ in strips(image):
        strip_values = Values.of(np.asarray(strip))
        values = strip_values if values is None else values | strip_values
    assert values is not None
    return values


def to_eight_bits(image: Image.Image, values: Values, ranges: Ranges) -> Image.Image:
    """Convert an image of integers or floats, of Pillow's modes I and F, to gray levels, mode L.

    Raises:
        UnusablePicture: the meaning of the values is not known.
    """
    range_ = _range_of(values, ranges)
    levels = Image.new("L", image.size)
    for strip, corner in strips(image):
        levels.paste(Image.fromarray(range_.levels(np.asarray(strip))), corner)
    return levels


def array_to_levels(samples: npt.NDArray[Any], values: Values, ranges: Ranges) -> Pixels:
    """Convert an array to levels, uint8 of the same shape.

    Raises:
        UnusablePicture: the meaning of the values is not known.
    """
    return _range_of(values, ranges).levels(samples)


def uint16_to_levels(samples: npt.NDArray[Any], range_: Range) -> Pixels:
    """Convert uint16 values to levels; for the full range, the high byte, as Pillow does."""
    if range_ == WORDS:
        return (samples >> 8).astype(np.uint8)
    return range_.levels(samples)


def _range_of(values: Values, ranges: Ranges) -> Range:
    if values.dtype in ranges:
        try:
            values.require_finite()
        except UnknownRangeError as error:
            raise UnusablePicture(f"{OUT_OF_RANGE}: {error}") from error
        return ranges[values.dtype]
    # Each picture by itself, as in version 0.1.0: 16 bits, or floats in 0..1 or 0..255.
    if values.dtype == "uint8":
        return BYTES
    if values.are_integers and 0 <= values.low <= values.high <= WORDS.high:
        return WORDS
    try:
        return values.inferred_range
    except UnknownRangeError as error:
        hint = f", {RANGE_REQUIRED}" if error.option else ""
        raise UnusablePicture(f"{OUT_OF_RANGE}: {error}{hint}") from error


def stretch_levels(image: Image.Image, range_: Range) -> Image.Image:
    """Rescale an 8-bit image so that the ends of a range become 0 and 255; alpha is unchanged."""
    table = range_.levels(np.arange(256, dtype=np.uint8)).tolist()
    identity = list(range(256))
    band_count = len(image.getbands())
    has_alpha = band_count in (2, 4)
    return image.point(table * (band_count - has_alpha) + identity * has_alpha)


@dataclass(frozen=True)
class SixteenBitImage:
    """A picture of 16 bits per channel, as two images: Pillow decodes the high bytes only.

    Args:
        values: minimum and maximum of the values.
        high: the image of the high bytes.
        low: the image of the low bytes; None where the full 16 bits are certainly used.
    """

    values: Values
    high: Image.Image
    low: Image.Image | None

    def levels(self, range_: Range) -> Image.Image:
        """Return the picture as levels, the ends of a range as black and white; alpha is kept.

        The image of the high bytes is overwritten, to save memory on large pictures.
        """
        lows = strips(self.low if self.low is not None else self.high)
        for (high, corner), (low, _) in zip(strips(self.high), lows, strict=True):
            levels = range_.levels(_combine_bytes(high, low))
            if levels.shape[2] == 4:
                levels[..., 3] = np.asarray(high)[..., 3]
            self.high.paste(Image.fromarray(levels), corner)
        return self.high


def read_sixteen_bit_image(
    data: bytes, image: ImageFile.ImageFile, frame: int
) -> SixteenBitImage | None:
    """Return a PNG of 16 bits per channel that Pillow reads as RGB or RGBA with all its bits.

    That is one of colours, or of gray with alpha; None if it is none of them.
    """
    is_png = isinstance(image, PngImagePlugin.PngImageFile)
    if not is_png or frame or image.mode not in ("RGB", "RGBA") or data[24:25] != b"\x10":
        return None
    high_bytes = measure_values(image)
    if high_bytes.high >= _FULL:
        return SixteenBitImage(Values("uint16", 0.0, WORDS.high), image, None)
    with PngImagePlugin.PngImageFile(io.BytesIO(data)) as low_image:
        decoder = str(low_image.tile[0].args) if low_image.tile else ""
        if decoder not in _LOW_BYTES:
            return None
        low_image.tile = [low_image.tile[0]._replace(args=_LOW_BYTES[decoder])]
        low_image.load()
    low: Image.Image = low_image
    if decoder == _GRAY_ALPHA:
        gray, alpha = low_image.getchannel(1), low_image.getchannel(3)
        low = Image.merge("RGBA", (gray, gray, gray, alpha))
    values: Values | None = None
    for (high_strip, _), (low_strip, _) in zip(strips(image), strips(low), strict=True):
        strip_values = Values.of(_combine_bytes(high_strip, low_strip, 3))
        values = strip_values if values is None else values | strip_values
    assert values is not None
    return SixteenBitImage(values, image, low)


def _combine_bytes(
    high: Image.Image, low: Image.Image, max_channels: int = 4
) -> npt.NDArray[np.uint16]:
    """Combine images of high and low bytes into uint16 (H, W, C), C ≤ ``max_channels``."""
    samples = np.asarray(high)[..., :max_channels].astype(np.uint16)
    samples <<= 8
    samples |= np.asarray(low)[..., :max_channels]
    return samples
