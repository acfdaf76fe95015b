"""A noise schedule: β_1 … β_T in float64."""

from __future__ import annotations

import torch
from torch import Tensor


def sqrt(T: int, s: float = 1e-4) -> Tensor:
    """ᾱ_t = 1 − √(t/T + s), held above 0 [Li et al. 2022, Diffusion-LM]."""
    t = torch.arange(T + 1, dtype=torch.float64) / T
    signal = (1 - (t + s).sqrt()).clamp_min(1e-4)
    return (1 - signal[1:] / signal[:-1]).clamp(1e-8, 0.999)
