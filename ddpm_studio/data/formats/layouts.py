"""Array layouts (NHWC, NCHW, …): N pictures, H rows, W columns, C channels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ddpm_studio.durations import format_count
from ddpm_studio.engine.sizes import size_text
from ddpm_studio.picture_shape import MAX_BANDS, MAX_COLOUR_CHANNELS

# Smallest side of a flattened picture, and of a single picture.
_MIN_FLAT = 8
_MIN_SINGLE = 16
# A 2-D array is a table of flattened pictures if its aspect ratio is larger than this, or if its
# rows have 28·28, 3·32·32 or 3·64·64 values.
_MAX_ASPECT_RATIO = 16
_FLAT_ROWS = (784, 3072, 12288)


@dataclass(frozen=True)
class ArrayLayout:
    """Layout of an array of pictures: the meaning of each axis.

    Args:
        axes: the letters of its axes, such as "NCHW"; without N it is one picture.
        shape: shape of the array, with flattened pictures unflattened.
        note: note on another possible layout and its result; empty if there is none.
    """

    axes: str
    shape: tuple[int, ...]
    note: str = ""

    @property
    def count(self) -> int:
        """Number of pictures."""
        return self.shape[self.axes.index("N")] if "N" in self.axes else 1

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of one picture, without the axis N."""
        return tuple(
            size for letter, size in zip(self.axes, self.shape, strict=True) if letter != "N"
        )

    @property
    def picture(self) -> tuple[int, ...]:
        """The permutation of one picture's axes that makes it (H, W) or (H, W, C)."""
        picture_axes = self.axes.replace("N", "")
        return tuple(picture_axes.index(letter) for letter in "HWC" if letter in picture_axes)

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of each picture."""
        size = dict(zip(self.axes, self.shape, strict=True))
        return size["H"], size["W"], size.get("C", 1)

    @property
    def description(self) -> str:
        """Description of the layout in words, for the report."""
        height, width, channels = self.picture_shape
        channels_text = f", {channels} channels" if channels > 1 else ""
        axes = ", ".join(self.axes)
        pictures = (
            f"{format_count(self.count, 'picture')} of {size_text(width, height)}{channels_text}"
        )
        return f"{pictures}, axes ({axes}){self.note}"


def layout_of(shape: tuple[int, ...], axes: str | None = None) -> ArrayLayout | None:
    """Return the layout of an array of this shape; None if it holds no pictures.

    An axis of channels has a size of up to four, or more (bands) if it is smaller than H and W or,
    with channels first, than half of both. Three axes are N pictures of one channel, unless the
    first or the last has the size of channels; two are one picture, or flattened ones of 3·s² or s²
    values each.

    Args:
        shape: shape of the array.
        axes: the letters of its axes, if the user has given them.
    """
    if axes is not None:
        fits = len(axes) == len(shape) and all(shape)
        return ArrayLayout(axes, shape) if fits else None
    if not all(shape[1:]):
        return None
    match len(shape):
        case 4:
            return _layout_4d(shape)
        case 3:
            return _layout_3d(shape)
        case 2:
            return _layout_2d(shape)
    return None


def _layout_4d(shape: tuple[int, ...]) -> ArrayLayout | None:
    for limit in (MAX_COLOUR_CHANNELS, MAX_BANDS):
        if _are_channels(shape[3], min(shape[1:3]), limit):
            return ArrayLayout("NHWC", shape)
        # 5 × 8 × 8 could just as well be pictures of height 5 with many bands.
        if _are_channels(shape[1], (min(shape[2:4]) + 1) // 2, limit):
            return ArrayLayout("NCHW", shape)
    return None


def _layout_3d(shape: tuple[int, ...]) -> ArrayLayout | None:
    first, last = shape[0], shape[2]
    if first == 3 and min(shape[1:]) >= _MIN_FLAT:
        return ArrayLayout("CHW", shape, "; with the layout NHW three gray pictures")
    if min(shape[1:]) > MAX_COLOUR_CHANNELS:
        return ArrayLayout("NHW", shape, "; with the layout CHW one picture" if first <= 4 else "")
    if 0 < last <= MAX_COLOUR_CHANNELS and min(shape[:2]) >= _MIN_FLAT:
        return ArrayLayout("HWC", shape)
    return None


def _layout_2d(shape: tuple[int, ...]) -> ArrayLayout | None:
    count, size = shape
    is_single = min(shape) >= _MIN_SINGLE and max(shape) <= _MAX_ASPECT_RATIO * min(shape)
    if is_single and size not in _FLAT_ROWS:
        return ArrayLayout("HW", shape)
    return flat_layout(count, size)


def flat_layout(count: int, size: int) -> ArrayLayout | None:
    """Return the layout of ``count`` flattened square pictures of ``size`` values each, or None."""
    for channels in (3, 1):
        side = math.isqrt(size // channels)
        if side >= _MIN_FLAT and channels * side * side == size:
            axes = "NCHW" if channels > 1 else "NHW"
            return ArrayLayout(axes, (count, *[channels][: channels // 3], side, side))
    return None


def _are_channels(count: int, side: int, limit: int) -> bool:
    """Whether an axis may be that of channels: up to four, or fewer bands than the side."""
    return 0 < count <= limit and side > (count if count > MAX_COLOUR_CHANNELS else 0)
