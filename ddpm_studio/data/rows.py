"""Rows of a ``.npy`` file: pictures are written at any row, and the header at the end."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ddpm_studio.data.decoding.decode_pass import Target
from ddpm_studio.data.decoding.resizing import Recipe
from ddpm_studio.paths import rename_with_retries

_COPY_ROWS = 1024


def create_rows_file(path: Path, recipe: Recipe) -> Target:
    """Create the file for the pictures of a recipe; any of its rows may then be written."""
    head = _header(0, recipe, recipe.channels)
    path.write_bytes(head)
    return Target(recipe, path, len(head))


def finish_rows_file(target: Target, rows: npt.NDArray[np.int64], *, gray: bool) -> None:
    """Finish the file as an array (N, H, W, C) of the rows to keep.

    Args:
        target: the file, whose every row has been written.
        rows: indices of the N rows to keep, ascending.
        gray: whether to keep only the first channel, where all are equal.
    """
    path, recipe = target.path, target.recipe
    row_count = (path.stat().st_size - target.offset) // recipe.row_bytes
    if len(rows) == row_count and not gray:
        with path.open("r+b") as stream:
            stream.write(_header(len(rows), recipe, recipe.channels))
        return
    rows_path = path.with_suffix(".rows")
    rename_with_retries(Path.rename, path, rows_path)
    shape = (row_count, recipe.height, recipe.width, recipe.channels)
    pictures = np.memmap(rows_path, np.uint8, "r", target.offset, shape)
    with path.open("wb") as stream:
        stream.write(_header(len(rows), recipe, 1 if gray else recipe.channels))
        for start in range(0, len(rows), _COPY_ROWS):
            part = pictures[rows[start : start + _COPY_ROWS]]
            stream.write(np.ascontiguousarray(part[..., :1] if gray else part).data)
    del pictures
    rows_path.unlink()


def _header(count: int, recipe: Recipe, channels: int) -> bytes:
    # NumPy pads headers so that the first axis can grow without moving the data.
    stream = BytesIO()
    shape = (count, recipe.height, recipe.width, channels)
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    return stream.getvalue()
