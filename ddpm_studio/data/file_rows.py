"""Pictures read from their file when they are asked for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ddpm_studio.data.items import Pixels
from ddpm_studio.errors import StudioError


class FileRows:
    """Reads rows of a file where a mapped array would look at them.

    A mapped file that is cut short, or whose network disk goes, ends the process that looks at
    it; a read fails instead. The file stays open: removed or replaced, it is read on.

    Args:
        mapped: uint8 (N, …) of a ``numpy.memmap`` in C order.

    Raises:
        OSError: if the file can't be opened.
    """

    def __init__(self, mapped: np.memmap[tuple[int, ...], np.dtype[np.uint8]]) -> None:
        self.shape = mapped.shape
        self._offset = mapped.offset
        self._path = str(mapped.filename)
        self._stream = open(self._path, "rb", buffering=0)  # noqa: SIM115, PTH123

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> Pixels:
        """Return the pictures of these rows, shape (len(rows), …).

        Raises:
            StudioError: if they can't be read any more.
        """
        pictures = np.empty((len(rows), *self.shape[1:]), np.uint8)
        size = pictures[0].nbytes
        for row, picture in zip(rows.tolist(), pictures, strict=True):
            try:
                self._stream.seek(self._offset + row * size)
                found = self._stream.readinto(picture.data)
            except OSError as error:
                raise self._lost(error.strerror or str(error)) from error
            if found != size:
                raise self._lost("it was cut short")
        return pictures

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _lost(self, why: str) -> StudioError:
        return StudioError(
            f"The prepared pictures in {self._path} can't be read any more: {why}.",
            "Train further: they are prepared again.",
        )
