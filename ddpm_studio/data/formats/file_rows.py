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
        result = np.empty((len(rows), *self.shape[1:]), self.dtype)
        size = result.nbytes // max(1, len(rows))
        row_bytes = result.reshape(len(rows), -1).view(np.uint8) if result.size else result
        for row, buffer in zip(rows.tolist(), row_bytes, strict=True):
            self._read_into(self._offset + row * size, buffer.data)
        return result

    def part(self, start: int, end: int) -> npt.NDArray[Any]:
        """Return columns ``start`` to ``end`` of each row of a 2-D array, shape (N, end − start).

        Raises:
            StudioError: if they can't be read any more.
        """
        count, length = self.shape
        result = np.empty((count, end - start), self.dtype)
        row_bytes = result.view(np.uint8)
        for row in range(count):
            offset = self._offset + (row * length + start) * self.dtype.itemsize
            self._read_into(offset, row_bytes[row].data)
        return result

    def _read_into(self, offset: int, buffer: memoryview) -> None:
        try:
            self._stream.seek(offset)
            count = self._stream.readinto(buffer)
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from error
        if count != buffer.nbytes:
            raise self._lost("it was cut short")

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _lost(self, reason: str) -> StudioError:
        return StudioError(f"{self._path} can't be read any more: {reason}.", self._remedy)
