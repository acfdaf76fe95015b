"""Protocol of feature spaces, and the data that they are built from."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ddpm_studio.engine.batches import PictureRows
from ddpm_studio.metrics.features.weights import WeightsFile
from ddpm_studio.progress import Progress

Pictures = npt.NDArray[np.uint8]
Features = npt.NDArray[np.float64]

# Batch size: enough to keep two cores busy, small enough to cancel quickly.
BATCH_SIZE = 128


class FeatureSpace(Protocol):
    """Feature space: a map from pictures to feature vectors."""

    @property
    def title(self) -> str:
        """Description of the features with their number of dimensions: "64 features of …"."""

    @property
    def details(self) -> Mapping[str, object]:
        """JSON-serialisable details that metrics depend on: weights, sizes, accuracy."""

    def __call__(self, pictures: Pictures, /) -> Features:
        """Return the features, float64 (N, D), of pictures, uint8 (N, H, W, C)."""


@dataclass(frozen=True, eq=False)
class Basis:
    """Data that a feature space is built from: the real pictures and the user's choices.

    Args:
        images: the real pictures, uint8 (N, H, W, C).
        labels: their classes, from 0, shape (N,); None: no classes.
        class_names: names of the classes.
        seed: seed of its random numbers.
        weights: weights of a pretrained network; None: none given.
        cache: root folder of the cache of trained networks; None: no cache.
        are_bands: whether the channels are bands, of which none is alpha.
    """

    images: Pictures
    labels: npt.NDArray[np.integer] | None = None
    class_names: tuple[str, ...] = ()
    seed: int = 0
    weights: WeightsFile | None = None
    cache: Path | None = None
    are_bands: bool = False


def compute_features(
    space: FeatureSpace, pictures: PictureRows, text: str = "Computing features"
) -> Generator[Progress, None, Features]:
    """Compute the features of pictures, in batches.

    Yields:
        Progress in pictures.

    Returns:
        Features, float64 (N, D).
    """
    found = []
    yield Progress(0, len(pictures), text, "pictures")
    for start in range(0, len(pictures), BATCH_SIZE):
        rows = np.arange(start, min(start + BATCH_SIZE, len(pictures)))
        found.append(space(pictures[rows]))
        yield Progress(int(rows[-1]) + 1, len(pictures), text, "pictures")
    return np.concatenate(found)
