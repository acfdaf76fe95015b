"""x_t as a picture, computed in the GUI thread rather than by a job."""

from __future__ import annotations

import numpy as np

from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.jobs.events import NoisedPicture


def noisy_picture(noised: NoisedPicture, signal: float, noise: float) -> Pictures:
    """Return x_t = signal·x_0 + noise·ε as a picture, uint8 (H, W, C) [DDPM eq. 4].

    Computed here and not in the backend, so that t can be scrubbed while a training has its turn
    there; ``signal`` and ``noise`` are the schedule's √ᾱ_t and √(1−ᾱ_t), and 1 and 0 give x_0.
    """
    x_t = np.float32(signal) * noised.x_0 + np.float32(noise) * noised.eps
    return np.rint(np.clip(x_t * 127.5 + 127.5, 0, 255)).astype(np.uint8)
