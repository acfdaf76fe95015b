"""Events of a drawing in progress, from which a cancelled one can be completed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Pictures = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class DrawingStarted:
    """A drawing has begun; its finished pictures will have this ``recipe``."""

    recipe: dict[str, object]


@dataclass(frozen=True, eq=False)
class BatchDrawn:
    """The next pictures of a drawing in several batches are finished, uint8 (N, H, W, C)."""

    pictures: Pictures
