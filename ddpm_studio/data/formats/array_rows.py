"""Lazy arrays: rows along the first axis are read on demand, from memory or a file."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ddpm_studio.data.formats.file_rows import FileRows
from ddpm_studio.data.formats.npy_header import NpyHeader
from ddpm_studio.errors import StudioError

Array = npt.NDArray[Any]
#: Largest array, in bytes, that is decompressed into memory.
MAX_ARRAY_BYTES = 16 * 2**30
#: A smaller array in Fortran order is read into memory at once.
_SMALL_BYTES = 64 * 2**20
_BLOCK_BYTES = 16 * 2**20
LOST_FILE_REMEDY = "See that the file and its disk are there, then prepare the pictures again."


class ArrayRows(Protocol):
    """Protocol for an array indexed along its first axis, in memory or in a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the array."""

    def __getitem__(self, rows: npt.NDArray[np.int64], /) -> Array:
        """Return the rows with these indices, shape (len(rows), …)."""


class BlockRows:
    """Array that is read in blocks of consecutive rows; the last block is cached.

    Args:
        shape: shape of the array.
        dtype: dtype of the array.
        read: returns the rows from a start index up to, but without, an end index.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], read: Callable[[int, int], Array]
    ) -> None:
        self.shape, self.dtype = shape, dtype
        self._read = read
        row_bytes = max(1, math.prod(shape[1:]) * dtype.itemsize)
        self._block_rows = max(1, min(1024, _BLOCK_BYTES // row_bytes))
        self._first = 0
        self._block: Array = np.empty((0, *shape[1:]), dtype)

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Array:
        """Return the rows with these indices, shape (len(rows), …)."""
        result = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for position, row in enumerate(rows.tolist()):
            if not self._first <= row < self._first + len(self._block):
                self._first = row - row % self._block_rows
                end = min(self.shape[0], self._first + self._block_rows)
                self._block = self._read(self._first, end)
            result[position] = self._block[row - self._first]
        return result


class LastArrayCache:
    """Cache of one array, the last one read: pictures are read in order, many from each array."""

    def __init__(self) -> None:
        self._owner: object = None
        self._array: Array | None = None

    def get(self, owner: object, read: Callable[[], Array]) -> Array:
        """Return the array of ``owner``, from the cache or else by calling ``read``."""
        if self._owner is not owner or self._array is None:
            # Free the old array first, so that two are never in memory.
            self._array = None
            self._owner, self._array = owner, read()
        return self._array


class FullArrayRows:
    """Array that is read as a whole when any row is asked for.

    Args:
        shape: shape of the array.
        dtype: dtype of the array.
        read: returns the array.
        cache: cache that keeps the array until another one is read.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        read: Callable[[], Array],
        cache: LastArrayCache,
    ) -> None:
        self.shape, self.dtype = shape, dtype
        self._read, self._cache = read, cache

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Array:
        """Return the rows with these indices, shape (len(rows), …)."""
        result: Array = self._cache.get(self, self._read)[rows]
        return result


def file_array(
    path: Path, header: NpyHeader, *, keep_open: Callable[[FileRows], object]
) -> ArrayRows:
    """Return an array stored uncompressed in a file, read on demand.

    Args:
        path: the file.
        header: shape, order, dtype and offset of the array.
        keep_open: called with the object that keeps the file open, to close it later.

    Raises:
        OSError: the file can't be read.
        ValueError: the file is shorter than the header says.
    """
    with path.open("rb") as stream:
        if header.size > stream.seek(0, 2) - header.offset:
            raise ValueError("it is cut short")
        if header.fortran and header.size <= _SMALL_BYTES:
            stream.seek(header.offset)
            flat = np.frombuffer(stream.read(header.size), header.dtype)
            return flat.reshape(header.shape, order="F")
    if not header.fortran:
        rows = FileRows(path, header.offset, header.shape, header.dtype, LOST_FILE_REMEDY)
        keep_open(rows)
        return rows
    # In Fortran order the values of one picture are scattered over the file, but those of
    # consecutive pictures are next to each other.
    count, row_shape = header.shape[0], header.shape[1:]
    columns = FileRows(
        path, header.offset, (math.prod(row_shape), count), header.dtype, LOST_FILE_REMEDY
    )
    keep_open(columns)

    def read_block(start: int, end: int) -> Array:
        values = columns.part(start, end)
        return values.reshape((*row_shape[::-1], end - start)).T

    return BlockRows(header.shape, header.dtype, read_block)


def check_fits_memory(name: str, size: int) -> None:
    """Check that an array of ``size`` bytes may be decompressed into memory.

    Raises:
        StudioError: the array is larger than :data:`MAX_ARRAY_BYTES`.
    """
    if size > MAX_ARRAY_BYTES:
        raise StudioError(
            f"{name} would unpack to more than {MAX_ARRAY_BYTES >> 30} GB.",
            "Save the array as a .npy file, which is read from the disk.",
        )
