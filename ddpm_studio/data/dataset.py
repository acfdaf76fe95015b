"""Prepared data set: memory-mapped pictures, their labels and where they come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ddpm_studio.data.items import Pixels
from ddpm_studio.data.report import Report
from ddpm_studio.errors import printable
from ddpm_studio.picture_shape import ImageSize, PictureShape
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.strict_json import read_bounded

# Enough for dozens of bytes for each of a few million pictures.
MAX_NAMES_BYTES = 256 * 2**20


@dataclass(frozen=True, eq=False)
class Dataset:
    """A prepared data set: pictures of equal shape, with labels where there are any.

    Attributes:
        images: uint8 (N, H, W, C), read-only, mapped from the cache.
        labels: int64 (N,), indices into ``class_names``, or None.
        class_names: names of the classes; empty without labels.
        report: what was kept and what was left out.
        fingerprint: hex digest of the content of all pictures and of the options.
        options: the options with everything resolved: the size and the channels are set.
        source: the paths that were dropped.
        names_file: text file with the name of each picture, one per line; None if there is none.
        ranges: the values of each dtype that became black and white, as of
            :func:`~ddpm_studio.picture_shape.format_ranges`; empty for bytes alone, or if unknown.
    """

    images: Pixels
    labels: npt.NDArray[np.int64] | None
    class_names: tuple[str, ...]
    report: Report
    fingerprint: str
    options: PrepareOptions
    source: tuple[Path, ...]
    names_file: Path | None = None
    ranges: str = ""

    @property
    def shape(self) -> PictureShape:
        """Shape of each picture."""
        return PictureShape.of(self.images, are_bands=self.options.channels == "bands")

    @property
    def image_size(self) -> ImageSize:
        """Side of the pictures in pixels, or (width, height)."""
        return self.shape.image_size

    @property
    def channels(self) -> int:
        """Number of channels of the pictures: 1 for gray, 3 for RGB."""
        return self.shape.channels

    def names(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """Return the names of the given pictures in their source; empty strings if unknown."""
        numbers = tuple(numbers)
        try:
            if self.names_file is None:
                raise FileNotFoundError
            content = read_bounded(self.names_file, MAX_NAMES_BYTES)
            lines = content.decode(errors="surrogatepass").split("\n")
        except (OSError, ValueError):
            lines = []
        is_complete = len(lines) == len(self)
        return tuple(printable(lines[number]) if is_complete else "" for number in numbers)

    def class_of(self, number: int) -> str | None:
        """Return the class name of a picture; None without labels."""
        return None if self.labels is None else self.class_names[int(self.labels[number])]

    def evenly_spaced(self, count: int) -> list[int]:
        """Return the numbers of ``count`` pictures from the whole set, or of all if it has fewer.

        Sets are often in the order of their classes: the first pictures may be of one class.
        """
        count = min(count, len(self))
        return [k * len(self) // count for k in range(count)]

    def __len__(self) -> int:
        return len(self.images)
