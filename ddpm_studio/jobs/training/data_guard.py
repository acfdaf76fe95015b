"""Guard of the prepared pictures, which may be changed or removed during a training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil

from ddpm_studio.data.formats.file_rows import FileRows
from ddpm_studio.data.items import Pixels
from ddpm_studio.errors import StudioError

# Data sets of up to this share of the free memory are read into it.
_SHARE_OF_MEMORY = 0.25
_REMEDY = "Train further: the pictures are prepared again."


class DataGuard:
    """Provides the pictures of a data set, and watches their file for changes.

    Args:
        images: an array, memory-mapped or not.
        in_memory: whether a small data set is read into memory. Ranks of one machine read from the
            file instead, so that its page cache is shared.
    """

    def __init__(self, images: Pixels, in_memory: bool = True) -> None:
        name = getattr(images, "filename", None)
        self._file = Path(name) if name else None
        self._expected = self._stat()
        self._reported = False
        small = images.nbytes <= _SHARE_OF_MEMORY * psutil.virtual_memory().available
        self.in_memory = self._file is None or (in_memory and small)
        self.images: Pixels | FileRows = (
            FileRows(Path(str(images.filename)), images.offset, images.shape, images.dtype, _REMEDY)
            if isinstance(images, np.memmap) and not self.in_memory
            else np.array(images)
        )

    def check(self) -> str | None:
        """Check the file, before each step; return a text to report, once, if it changed.

        Raises:
            StudioError: if the file was changed and the pictures are read from it.
        """
        if self._file is None or self._reported:
            return None
        current = self._stat()
        if current == self._expected:
            return None
        if current is not None and not self.in_memory:
            raise StudioError(
                f"The prepared pictures in {self._file} were changed while they were trained on.",
                _REMEDY,
            )
        self._reported = True
        if not self.in_memory:
            return "The prepared pictures were removed; training goes on with the file left open."
        what = "removed" if current is None else "changed"
        return f"The prepared pictures were {what}; training goes on with those in memory."

    def close(self) -> None:
        """Close the file."""
        if isinstance(self.images, FileRows):
            self.images.close()

    def _stat(self) -> tuple[int, int, int] | None:
        if self._file is None:
            return None
        try:
            stat = self._file.stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns
