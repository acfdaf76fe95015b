"""Memory maps of ``.npy`` files that this program wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from ddpm_studio.data.formats.array_rows import Array
from ddpm_studio.data.formats.npy_header import NpyHeader, read_npy_header


def map_array(path: Path) -> Array:
    """Return the array of a ``.npy`` file as a read-only memory map.

    Raises:
        OSError: the file can't be read.
        ValueError: the file is damaged, pickled, or no array of plain numbers.
    """
    header = file_header(path)
    order: Literal["C", "F"] = "F" if header.fortran else "C"
    if not header.size:
        return np.empty(header.shape, header.dtype, order)
    return np.memmap(path, header.dtype, "r", header.offset, header.shape, order)


def file_header(path: Path) -> NpyHeader:
    """Return the header of a ``.npy`` file, after checking the file for completeness.

    Raises:
        OSError: the file can't be read.
        ValueError: the file is damaged, truncated, pickled, or no array of plain numbers.
    """
    with path.open("rb") as stream:
        header = read_npy_header(stream)
        available = stream.seek(0, 2) - header.offset
    if header.size > available:
        raise ValueError("it is cut short")
    return header
