"""The work that ours and the peers are measured at."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ddpm_studio.engine import UNetConfig

BATCH = 16
CONFIG = UNetConfig.small(32, 3)


def pictures() -> npt.NDArray[np.uint8]:
    """Random pictures of the network's shape: what they show has no bearing on the time."""
    side = CONFIG.image_size
    shape = (256, side, side, CONFIG.channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
