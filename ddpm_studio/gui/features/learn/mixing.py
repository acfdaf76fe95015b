"""x_t as a picture, mixed in the window."""

from __future__ import annotations

import numpy as np

from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.jobs.events import NoisedPicture


def mixed(noised: NoisedPicture, signal: float, noise: float) -> Pictures:
    """x_t = signal·x_0 + noise·ε as a picture, uint8 (H, W, C) [DDPM eq. 4].

    Here and not in the backend, so that t can be scrubbed while a training has its turn there;
    the factors are the schedule's own.
    """
    x_t = np.float32(signal) * noised.x_0 + np.float32(noise) * noised.eps
    return np.rint(np.clip(x_t * 127.5 + 127.5, 0, 255)).astype(np.uint8)
