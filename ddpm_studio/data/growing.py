"""A ``.npy`` file that grows picture by picture, so that memory holds only a few of them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from types import TracebackType

import numpy as np

from ddpm_studio.data.items import Pixels

_COPY_ROWS = 1024


class GrowingArray:
    """uint8 pictures (N, size, size, channels) on the disk, N known only at the end."""

    def __init__(self, path: Path, size: int, channels: int) -> None:
        self.path = path
        self.size = size
        self.channels = channels
        self.count = 0
        self._stream = path.open("wb")
        self._stream.write(self._header())

    def __enter__(self) -> GrowingArray:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._stream as stream:
            if kind is None:
                stream.seek(0)
                stream.write(self._header())

    def append(self, pictures: Pixels) -> None:
        """Add one picture or several."""
        self._stream.write(np.ascontiguousarray(pictures).data)
        self.count += pictures.size // (self.size * self.size * self.channels)

    def _header(self) -> bytes:
        # NumPy pads headers so that the first axis can grow without moving the data.
        written = BytesIO()
        shape = (self.count, self.size, self.size, self.channels)
        np.lib.format.write_array_header_1_0(
            written, {"descr": "|u1", "fortran_order": False, "shape": shape}
        )
        return written.getvalue()


def collapse_to_gray(path: Path) -> None:
    """Rewrite RGB pictures with equal channels as pictures with one channel."""
    coloured = path.with_suffix(".rgb")
    path.rename(coloured)
    pictures = np.load(coloured, mmap_mode="r", allow_pickle=False)
    with GrowingArray(path, pictures.shape[1], 1) as gray:
        for start in range(0, len(pictures), _COPY_ROWS):
            gray.append(pictures[start : start + _COPY_ROWS, :, :, :1])
    del pictures
    coloured.unlink()
