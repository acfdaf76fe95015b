"""Protocol of feature spaces."""

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

# As many at once keep two cores busy, and a cancelled job short.
AT_ONCE = 128


class FeatureSpace(Protocol):
    """A map from pictures to vectors."""

    @property
    def title(self) -> str:
        """What a figure in it is "in", with the number of dimensions: "64 features of …"."""

    @property
    def told(self) -> Mapping[str, object]:
        """What else decides a figure in it, as JSON can hold it: weights, sizes, accuracy."""

    def __call__(self, pictures: Pictures, /) -> Features:
        """Return the features, float64 (N, D), of pictures, uint8 (N, H, W, C)."""


@dataclass(frozen=True, eq=False)
class Basis:
    """What a feature space is made of: the real pictures, and what a person has named.

    Args:
        images: the real pictures, uint8 (N, H, W, C).
        labels: their classes, shape (N,), from 0; None: they have none.
        class_names: what the classes are called.
        seed: of all that is random in it.
        weights: for a network that is not trained here.
        cache: where what took long is kept; None: nowhere.
    """

    images: Pictures
    labels: npt.NDArray[np.integer] | None = None
    class_names: tuple[str, ...] = ()
    seed: int = 0
    weights: WeightsFile | None = None
    cache: Path | None = None


def features_of(
    space: FeatureSpace, pictures: PictureRows, text: str = "Computing features"
) -> Generator[Progress, None, Features]:
    """Compute the features of many pictures, some at a time.

    Yields:
        How many are done.
    """
    found = []
    yield Progress(0, len(pictures), text, "pictures")
    for start in range(0, len(pictures), AT_ONCE):
        rows = np.arange(start, min(start + AT_ONCE, len(pictures)))
        found.append(space(pictures[rows]))
        yield Progress(int(rows[-1]) + 1, len(pictures), text, "pictures")
    return np.concatenate(found)
