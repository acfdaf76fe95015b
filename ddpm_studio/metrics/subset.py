"""Subset of a set's pictures: a lazy view of some rows, without a copy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ddpm_studio.engine.batches import PictureRows


class Subset:
    """View of some rows of a set, read lazily; a :class:`PictureRows` itself.

    Args:
        images: pictures, uint8 (N, H, W, C): an array or a reader of rows.
        rows: row indices, shape (M,).
    """

    def __init__(self, images: PictureRows, rows: npt.NDArray[np.int64]) -> None:
        self._images, self._rows = images, rows

    @property
    def shape(self) -> tuple[int, ...]:
        """(M, H, W, C)."""
        return (len(self._rows), *self._images.shape[1:])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: npt.NDArray[np.int64], /) -> npt.NDArray[Any]:
        return self._images[self._rows[rows]]
