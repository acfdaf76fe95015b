"""Rows of an array that are read from its file when they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ddpm_studio.errors import StudioError


class FileRows:
    """Reads rows of a file where a mapped array would look at them.

    A mapped file that is cut short, or whose network disk goes, ends the process that looks at
    it; a read fails instead. The file stays open: removed or replaced, it is read on.

    Args:
        path: the file.
        offset: bytes before the first row.
        shape: (N, …), in C order.
        dtype: of the array.
        remedy: what a person can do when rows can't be read any more.

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
        """Return these rows, shape (len(rows), …).

        Raises:
            StudioError: if they can't be read any more.
        """
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        size = found.nbytes // max(1, len(rows))
        bytes_of = found.reshape(len(rows), -1).view(np.uint8) if found.size else found
        for row, into in zip(rows.tolist(), bytes_of, strict=True):
            try:
                self._stream.seek(self._offset + row * size)
                read = self._stream.readinto(into.data)
            except OSError as error:
                raise self._lost(error.strerror or str(error)) from error
            if read != size:
                raise self._lost("it was cut short")
        return found

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _lost(self, why: str) -> StudioError:
        return StudioError(f"{self._path} can't be read any more: {why}.", self._remedy)
