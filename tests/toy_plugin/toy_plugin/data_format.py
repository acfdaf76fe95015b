"""A data format: files of N·16·16 bytes, gray pictures one after another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ddpm_studio.data.formats.reading import PictureArray, Reading, ReadResult
from ddpm_studio.data.items import File


def read(files: Sequence[File], reading: Reading) -> ReadResult:
    """Return the pictures of all files, and which files these are."""
    parts = []
    for file in files:
        name = reading.shown(file.name)
        rows = np.frombuffer(file.read(-1), np.uint8).reshape(-1, 16, 16)
        parts.append(PictureArray(name, rows, reading.layout(name, rows.shape, "NHW")))
    return ReadResult(reading.arrays(parts), frozenset(file.name for file in files))
