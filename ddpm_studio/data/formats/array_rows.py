"""Arrays that are read along their first axis when rows are asked for, wherever they lie."""

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
#: Largest array that is unpacked into memory.
MAX_ARRAY_BYTES = 16 * 2**30
#: What is smaller is simply read.
_SMALL_BYTES = 64 * 2**20
_BLOCK_BYTES = 16 * 2**20
LOST = "See that the file and its disk are there, then prepare the pictures again."


class ArrayRows(Protocol):
    """An array along its first axis: in memory, or in a file that can be lost."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the array."""

    def __getitem__(self, rows: npt.NDArray[np.int64], /) -> Array:
        """Return these rows."""


class BlockRows:
    """Rows that are dear to read one by one: some that follow each other are read at once.

    Args:
        shape: of the array.
        dtype: of the array.
        read: returns the rows from a number up to another.
    """

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], read: Callable[[int, int], Array]
    ) -> None:
        self.shape, self.dtype = shape, dtype
        self._read = read
        row = max(1, math.prod(shape[1:]) * dtype.itemsize)
        self._most = max(1, min(1024, _BLOCK_BYTES // row))
        self._first = 0
        self._block: Array = np.empty((0, *shape[1:]), dtype)

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Array:
        """Return these rows, shape (len(rows), …)."""
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        for at, row in enumerate(rows.tolist()):
            if not self._first <= row < self._first + len(self._block):
                self._first = row - row % self._most
                end = min(self.shape[0], self._first + self._most)
                self._block = self._read(self._first, end)
            found[at] = self._block[row - self._first]
        return found


class LastArray:
    """The array that was read last, of many: pictures are asked for in order, and one has many."""

    def __init__(self) -> None:
        self._of: object = None
        self._array: Array | None = None

    def of(self, who: object, read: Callable[[], Array]) -> Array:
        """Return ``who``'s array: the one that is kept, or else what ``read`` returns."""
        if self._of is not who or self._array is None:
            # Two need not be there at once.
            self._array = None
            self._of, self._array = who, read()
        return self._array


class WholeRows:
    """An array that is read whole for whichever rows are asked for.

    Args:
        shape: of the array.
        dtype: of the array.
        read: returns it.
        last: keeps it until another one is read.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        read: Callable[[], Array],
        last: LastArray,
    ) -> None:
        self.shape, self.dtype = shape, dtype
        self._read, self._last = read, last

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Array:
        """Return these rows, shape (len(rows), …)."""
        found: Array = self._last.of(self, self._read)[rows]
        return found


def file_array(
    path: Path, header: NpyHeader, *, keep_open: Callable[[FileRows], object]
) -> ArrayRows:
    """Return the array that lies in a file as a header says.

    Args:
        path: the file.
        header: its shape, order, type and place.
        keep_open: is given what holds the file open.

    Raises:
        OSError: the file can't be read.
        ValueError: it is shorter than the header says.
    """
    with path.open("rb") as stream:
        if header.size > stream.seek(0, 2) - header.offset:
            raise ValueError("it is cut short")
        if header.fortran and header.size <= _SMALL_BYTES:
            stream.seek(header.offset)
            flat = np.frombuffer(stream.read(header.size), header.dtype)
            return flat.reshape(header.shape, order="F")
    if not header.fortran:
        rows = FileRows(path, header.offset, header.shape, header.dtype, LOST)
        keep_open(rows)
        return rows
    # In Fortran order the numbers of a picture lie all over the file; those of neighbours do not.
    count, rest = header.shape[0], header.shape[1:]
    columns = FileRows(path, header.offset, (math.prod(rest), count), header.dtype, LOST)
    keep_open(columns)

    def block(start: int, end: int) -> Array:
        part = columns.part(start, end)
        return part.reshape((*rest[::-1], end - start)).T

    return BlockRows(header.shape, header.dtype, block)


def fits_memory(name: str, size: int) -> None:
    """Refuse what is too large to be unpacked into memory.

    Raises:
        StudioError: it is.
    """
    if size > MAX_ARRAY_BYTES:
        raise StudioError(
            f"{name} would unpack to more than {MAX_ARRAY_BYTES >> 30} GB.",
            "Save the array as a .npy file, which is read from the disk.",
        )
