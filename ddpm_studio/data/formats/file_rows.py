"""Rows of an array in a file, read on demand with ordinary reads instead of a memory map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ddpm_studio.errors import StudioError


class FileRows:
    """Array in a file whose rows are read on demand, a safe replacement for a memory map.

    Access to a memory map whose file is truncated, or whose network disk disappears, kills the
    process (SIGBUS); a read raises an error instead. The file stays open, so that it can be read
    even if it is removed or replaced.

    Args:
        path: the file.
        offset: number of bytes before the first row.
        shape: (N, …), in C order.
        dtype: dtype of the array.
        remedy: what the user can do when rows can't be read any more.

    Raises:
        OSError: if the file can't be opened.
    """

    def __init__(
        self, path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any], remedy: str
    ) -> None:
        self.shape, self.dtype = shape, dtype
        self._path, self._offset, self._remedy = path, offset, remedy
        self._stream = path.open("rb", buffering=0)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Return the rows with these indices, shape (len(rows), …).

        Raises:
            StudioError: if they can't be read any more.
        """
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        size = found.nbytes // max(1, len(rows))
        bytes_of = found.reshape(len(rows), -1).view(np.uint8) if found.size else found
        for row, into in zip(rows.tolist(), bytes_of, strict=True):
            self._read_into(self._offset + row * size, into.data)
        return found

    def part(self, start: int, end: int) -> npt.NDArray[Any]:
        """Return columns ``start`` to ``end`` of each row of a 2-D array, shape (N, end − start).

        Raises:
            StudioError: if they can't be read any more.
        """
        count, length = self.shape
        found = np.empty((count, end - start), self.dtype)
        bytes_of = found.view(np.uint8)
        for row in range(count):
            at = self._offset + (row * length + start) * self.dtype.itemsize
            self._read_into(at, bytes_of[row].data)
        return found

    def _read_into(self, at: int, into: memoryview) -> None:
        try:
            self._stream.seek(at)
            read = self._stream.readinto(into)
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from error
        if read != into.nbytes:
            raise self._lost("it was cut short")

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _lost(self, why: str) -> StudioError:
        return StudioError(f"{self._path} can't be read any more: {why}.", self._remedy)
