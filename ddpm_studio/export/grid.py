"""Picture grids, and integer zoom by nearest neighbour."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ddpm_studio.picture_shape import MAX_BANDS, MAX_COLOUR_CHANNELS

Pictures = npt.NDArray[np.uint8]
Colour = int | tuple[int, int, int]

WHITE = 255
_MAX_ZOOM = 64


def make_grid(
    pictures: Pictures,
    columns: int | None = None,
    gap: int = 2,
    background: Colour = WHITE,
    scale: int = 1,
) -> Pictures:
    """Arrange pictures in a grid, row by row.

    Args:
        pictures: uint8, shape (N, H, W, C), N at least 1.
        columns: pictures in a row; None: as square as possible.
        gap: pixels between pictures, before scaling; there is no outer border, so that one
            picture is its own grid.
        background: gray level or RGB of gaps and empty cells; RGB makes a gray grid RGB.
        scale: integer zoom: each pixel becomes scale × scale equal ones.

    Returns:
        uint8, shape (height, width, C).

    Raises:
        ValueError: for another shape or type, or numbers out of range.
    """
    _check(pictures)
    count, height, width, channels = pictures.shape
    if columns is None:
        columns = math.ceil(math.sqrt(count))
    if columns < 1 or gap < 0 or scale < 1:
        raise ValueError(
            f"columns and scale must be at least 1, gap at least 0, not {columns}, {scale}, {gap}"
        )
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    if isinstance(background, tuple) and channels == 1:
        channels = 3
    grid = np.empty(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, channels), np.uint8
    )
    grid[:] = _fill(background, channels)
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        top, left = row * (height + gap), column * (width + gap)
        grid[top : top + height, left : left + width] = picture
    return zoom(grid, scale)


def side_by_side(grids: Sequence[Pictures], gap: int = 8, background: Colour = WHITE) -> Pictures:
    """Arrange grids of equal shape side by side.

    Args:
        grids: uint8, each (H, W, C).
        gap: pixels between them.
        background: gray level or RGB between them.

    Returns:
        uint8, shape (H, wider, C).
    """
    return make_grid(np.stack(grids), columns=len(grids), gap=gap, background=background)


def zoom(picture: Pictures, scale: int) -> Pictures:
    """Enlarge a picture (H, W, C) by an integer factor, by nearest neighbour."""
    return picture if scale == 1 else picture.repeat(scale, axis=0).repeat(scale, axis=1)


def zoom_to(picture: Pictures, side: int) -> int:
    """Return the integer factor to enlarge (H, W, C) to at most ``side`` pixels; 1: unchanged.

    Pictures of more than four channels are not enlarged, as their file stores all the bands.
    """
    if picture.shape[2] > MAX_COLOUR_CHANNELS:
        return 1
    height, width = picture.shape[:2]
    factor: int = max(1, min(_MAX_ZOOM, side // max(height, width)))
    return factor


def _fill(background: Colour, channels: int) -> list[int]:
    """Convert a background colour to a number of channels: opaque, RGB as gray where needed."""
    alpha = [WHITE] if channels in (2, 4) else []
    colours = channels - len(alpha)
    if isinstance(background, int):
        return [background] * colours + alpha
    if colours == 1:
        return [max(background), *alpha]
    return [*background, *[WHITE] * (colours - 3), *alpha]


def _check(pictures: Pictures) -> None:
    if pictures.dtype != np.uint8:
        raise ValueError(f"pictures must be uint8, not {pictures.dtype}")
    if pictures.ndim != 4 or 0 in pictures.shape or pictures.shape[3] > MAX_BANDS:
        raise ValueError(f"pictures must have the shape (N, H, W, C), not {pictures.shape}")
