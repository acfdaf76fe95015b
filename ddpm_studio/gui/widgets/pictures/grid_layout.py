"""Layout of a picture grid: tile positions in whole device pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

MAX_INTEGER_ZOOM_SIDE = 128
"""Pictures up to this side are enlarged by integer factors only, so that pixels stay square."""
FILL_VIEW = 0
"""Special number of pictures: as many as fit."""
FILL_ROUGHLY = -1
"""Special number of pictures: a few that fill the area well."""
FILL_ROUGHLY_RANGE = range(4, 26)
"""Range of such numbers: more pictures would be small, and slow to sample."""
_COVERAGE_TOLERANCE = 0.02
# Tolerance for floating-point error when a length is divided and multiplied again.
_ROUNDING_TOLERANCE = 1e-6


@dataclass(frozen=True)
class GridLayout:
    """Layout of a grid of equal tiles; all lengths are in device pixels.

    ``zoom`` is device pixels per picture pixel: an integer from 1 upwards for pictures of up to
    :data:`MAX_INTEGER_ZOOM_SIDE` pixels, else any number. ``tile_width`` and ``tile_height`` are
    the size of a drawn picture, ``pitch_x`` and ``pitch_y`` the distance from tile to tile.
    """

    columns: int
    rows: int
    zoom: float
    tile_width: int
    tile_height: int
    pitch_x: int
    pitch_y: int
    left: int
    top: int
    content_height: int

    def origin(self, cell: int) -> tuple[int, int]:
        """Return the upper left corner (x, y) of a cell's tile, before scrolling."""
        row, column = divmod(cell, self.columns)
        return self.left + column * self.pitch_x, self.top + row * self.pitch_y

    @property
    def tiles_size(self) -> tuple[int, int]:
        """Height and width of the bounding rectangle of all tiles."""
        width = (self.columns - 1) * self.pitch_x + self.tile_width
        return (self.rows - 1) * self.pitch_y + self.tile_height, width

    def filled_share(self, count: int) -> float:
        """Return the share of cells, 0..1, that ``count`` pictures fill."""
        return count / (self.columns * self.rows)

    @property
    def content_width(self) -> int:
        """Width of all tiles with gaps and left margin."""
        return self.left + self.columns * self.pitch_x

    def zoomed(
        self, zoom: float, picture: tuple[int, int], area: tuple[int, int], label_width: int = 0
    ) -> GridLayout:
        """Return the layout with the same cells and larger tiles, which may need scrolling.

        Args:
            zoom: device pixels per picture pixel.
            picture: height and width of a picture in its own pixels.
            area: height and width of the view.
            label_width: width of the row labels left of the tiles.
        """
        tile_height, tile_width = (max(1, round(side * zoom)) for side in picture)
        gap = self.pitch_x - self.tile_width
        pitch_x, pitch_y = tile_width + gap, tile_height + self.pitch_y - self.tile_height
        # The space above and below all rows has the same height at any zoom.
        height = self.content_height + self.rows * (pitch_y - self.pitch_y)
        width = self.columns * pitch_x - gap + label_width
        return replace(
            self,
            zoom=zoom,
            tile_width=tile_width,
            tile_height=tile_height,
            pitch_x=pitch_x,
            pitch_y=pitch_y,
            left=max(gap, (area[1] - width) // 2) + label_width,
            top=max(gap, (area[0] - height) // 2 + gap),
            content_height=height,
        )

    def cell_at(self, x: float, y: float) -> int | None:
        """Return the cell whose tile contains a point (hit test); None outside of tiles."""
        column, within_x = divmod(x - self.left, self.pitch_x)
        row, within_y = divmod(y - self.top, self.pitch_y)
        is_in_tile = within_x < self.tile_width and within_y < self.tile_height
        if not is_in_tile or not 0 <= column < self.columns or not 0 <= row < self.rows:
            return None
        return int(row) * self.columns + int(column)

    def rows_within(self, top: int, height: int) -> range:
        """Return the rows visible in a view of ``height`` when scrolled down by ``top``."""
        first = max(0, (top - self.top) // self.pitch_y)
        last = min(self.rows, (top + height - self.top) // self.pitch_y + 1)
        return range(min(first, last), last)


def fit_grid(
    count: int,
    picture: tuple[int, int],
    area: tuple[int, int],
    *,
    gap: int,
    caption: int,
    margin: int,
    smallest: int,
) -> GridLayout:
    """Fit a grid: choose columns and zoom so that ``count`` pictures fill the area best.

    Args:
        count: number of cells, at least 1.
        picture: height and width of a picture in its own pixels.
        area: height and width of the view.
        gap: space between tiles.
        caption: height of the caption below each tile, 0 for none.
        margin: space around the grid.
        smallest: minimum side of a tile; a smaller picture may be shown at its own size, but at
            half this side at least. What does not fit then needs vertical scrolling.
    """
    height, width = picture
    max_height, max_width = max(1, area[0] - 2 * margin), max(1, area[1] - 2 * margin)
    column_counts = np.arange(1, count + 1)
    row_counts = -(-count // column_counts)
    zooms = np.minimum(
        (max_width - (column_counts - 1) * gap) / (column_counts * width),
        (max_height - (row_counts - 1) * gap - row_counts * caption) / (row_counts * height),
    )
    if max(height, width) <= MAX_INTEGER_ZOOM_SIDE:
        zooms = np.where(zooms >= 1, np.floor(zooms), zooms)
    # Among equal zooms prefer the fullest grid, then the widest one.
    free_cells = row_counts * column_counts - count
    best = np.lexsort((-column_counts, free_cells, -zooms))[0]
    zoom, columns = float(zooms[best]), int(column_counts[best])
    side = max(height, width)
    if zoom < min(1.0, smallest / side):
        min_zoom = smallest / side if side > smallest else float(-(-smallest // side))
        zoom = min(min_zoom, max_width / width)
        columns = max(1, int((max_width + gap) // (round(width * zoom) + gap)))
    elif zoom * side < smallest / 2:
        zoom = min(float(-(-smallest // (2 * side))), max_width / width)
        columns = max(1, int((max_width + gap) // (round(width * zoom) + gap)))
    columns = min(columns, count)
    rows = -(-count // columns)
    # Rounded down: rounded up, the rows would exceed the area.
    tile_width, tile_height = (
        max(1, int(side * zoom + _ROUNDING_TOLERANCE)) for side in (width, height)
    )
    pitch_x, pitch_y = tile_width + gap, tile_height + caption + gap
    used_x, used_y = columns * pitch_x - gap, rows * pitch_y - gap
    return GridLayout(
        columns=columns,
        rows=rows,
        zoom=zoom,
        tile_width=tile_width,
        tile_height=tile_height,
        pitch_x=pitch_x,
        pitch_y=pitch_y,
        left=margin + max(0, (max_width - used_x) // 2),
        top=margin + max(0, (max_height - used_y) // 2),
        content_height=used_y + 2 * margin,
    )


def best_filling_count(counts: Sequence[int], coverage: Callable[[int], float]) -> int:
    """Return the smallest number of pictures that fills a view nearly as well as the best one.

    Args:
        counts: the candidates, at least one, ascending.
        coverage: returns, for a number, the share of the view that its tiles and gaps cover.
    """
    coverages = [coverage(count) for count in counts]
    threshold = max(coverages) - _COVERAGE_TOLERANCE
    return next(
        count for count, covered in zip(counts, coverages, strict=True) if covered >= threshold
    )
