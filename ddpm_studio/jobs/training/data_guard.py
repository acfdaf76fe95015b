"""Prepared pictures that change or vanish while a network trains on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil

from ddpm_studio.data.formats.file_rows import FileRows
from ddpm_studio.data.items import Pixels
from ddpm_studio.errors import StudioError

# Sets of up to this share of the free memory are read into it.
_SHARE_OF_MEMORY = 0.25
_REMEDY = "Train further: the pictures are prepared again."


class DataGuard:
    """Hands out the pictures of a set and watches their file.

    Args:
        images: an array, mapped from a file or not.
        in_memory: whether a small set is read into the memory; several ranks of a machine that
            read from its file have it there once.
    """

    def __init__(self, images: Pixels, in_memory: bool = True) -> None:
        name = getattr(images, "filename", None)
        self._file = Path(name) if name else None
        self._known = self._look()
        self._told = False
        small = images.nbytes <= _SHARE_OF_MEMORY * psutil.virtual_memory().available
        self.in_memory = self._file is None or (in_memory and small)
        self.images: Pixels | FileRows = (
            FileRows(Path(str(images.filename)), images.offset, images.shape, images.dtype, _REMEDY)
            if isinstance(images, np.memmap) and not self.in_memory
            else np.array(images)
        )

    def check(self) -> str | None:
        """Look at the file, before each step; returns what a person should be told, once.

        Raises:
            StudioError: if it changed and the pictures are read from it.
        """
        if self._file is None or self._told:
            return None
        now = self._look()
        if now == self._known:
            return None
        if now is not None and not self.in_memory:
            raise StudioError(
                f"The prepared pictures in {self._file} were changed while they were trained on.",
                _REMEDY,
            )
        self._told = True
        if not self.in_memory:
            return "The prepared pictures were removed; training goes on with the file left open."
        what = "removed" if now is None else "changed"
        return f"The prepared pictures were {what}; training goes on with those in memory."

    def close(self) -> None:
        """Let go of the file."""
        if isinstance(self.images, FileRows):
            self.images.close()

    def _look(self) -> tuple[int, int, int] | None:
        if self._file is None:
            return None
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns
