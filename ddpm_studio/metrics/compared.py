"""Two sets of pictures and their features, as a metric gets to see them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ddpm_studio.engine.batches import PictureRows

Pictures = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Compared:
    """Real pictures and those that are judged by them.

    Args:
        real: features of the real pictures, shape (N, D).
        fake: features of those that are judged, shape (M, D).
        real_pictures: all that copies could be of, uint8 (K, H, W, C); K may be another number
            than N. Indexed by arrays of rows.
        fake_pictures: uint8 (M, H, W, C).
        seed: of what is random in a metric.
        class_names: of the real pictures' classes; empty without.
        probabilities: from features (K, D) to class probabilities (K, classes), where the
            features are those of a classifier; else None.
        flip: whether copies may be mirrored left to right, as a training has shown the pictures.
    """

    real: Features
    fake: Features
    real_pictures: PictureRows
    fake_pictures: Pictures
    seed: int = 0
    class_names: tuple[str, ...] = ()
    probabilities: Callable[[Features], Features] | None = None
    flip: bool = False
