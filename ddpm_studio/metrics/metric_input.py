"""Input of a metric: real and generated pictures with their features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ddpm_studio.engine.batches import PictureRows

Pictures = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MetricInput:
    """Real pictures and generated ones to compare with them.

    Args:
        real: features of the real pictures, shape (N, D).
        fake: features of the generated pictures, shape (M, D).
        real_pictures: all pictures that copies are searched among, uint8 (K, H, W, C), indexed by
            arrays of rows; K may differ from N.
        fake_pictures: the generated pictures, uint8 (M, H, W, C).
        seed: seed of a metric's random numbers.
        class_names: names of the real pictures' classes; empty without classes.
        probabilities: maps features, (K, D), to class probabilities, (K, classes), if the features
            are those of a classifier; else None.
        flip: whether horizontally flipped copies count too, as for a training with random flips.
    """

    real: Features
    fake: Features
    real_pictures: PictureRows
    fake_pictures: Pictures
    seed: int = 0
    class_names: tuple[str, ...] = ()
    probabilities: Callable[[Features], Features] | None = None
    flip: bool = False
