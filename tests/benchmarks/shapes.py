"""Networks, batches and pictures that ours and the peers are measured with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ddpm_studio.engine import UNetConfig

BATCH = 16
CONFIG = UNetConfig.small(32, 3)
# For GPUs: DDPM's own network for CIFAR-10.
GPU_BATCH = 128
GPU_CONFIG = UNetConfig.ddpm32()


def pictures(config: UNetConfig = CONFIG) -> npt.NDArray[np.uint8]:
    """Return random pictures of the network's shape: the contents do not affect the time."""
    shape = (256, config.height, config.width, config.channels)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
