"""What a preparation gives: pictures on the disk, mapped into memory, and where they are from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ddpm_studio.data.items import Pixels
from ddpm_studio.data.report import Report
from ddpm_studio.requests import PrepareOptions


@dataclass(frozen=True, eq=False)
class Dataset:
    """Prepared pictures.

    Attributes:
        images: uint8 (N, H, W, C), H = W, C = 1 or 3, read-only, mapped from the cache.
        labels: int64 (N,), indices into ``class_names``, or None.
        class_names: names of the classes; empty without labels.
        report: what was kept and what was left out.
        fingerprint: hex digest of the content of all pictures and of the options.
        options: the options with nothing left to choose: a size, and "gray" or "rgb".
        source: the paths that were dropped.
    """

    images: Pixels
    labels: npt.NDArray[np.int64] | None
    class_names: tuple[str, ...]
    report: Report
    fingerprint: str
    options: PrepareOptions
    source: tuple[Path, ...]

    @property
    def image_size(self) -> int:
        """Side of the pictures in pixels."""
        return int(self.images.shape[1])

    @property
    def channels(self) -> int:
        """1 for gray, 3 for RGB."""
        return int(self.images.shape[3])

    def __len__(self) -> int:
        return len(self.images)
