"""Rescaling of a noise schedule to zero terminal SNR [Lin et al. 2023, Algorithm 1]."""

from __future__ import annotations

import torch
from torch import Tensor


def rescale_zero_terminal_snr(betas: Tensor) -> Tensor:
    """Rescale β to zero terminal SNR: shift and scale √ᾱ so that √ᾱ_T = 0 and √ᾱ_1 stays.

    The usual schedules leave a little of x_0 at T (the paper's 0.6 % of its amplitude), from which
    a network learns the brightness of a picture; sampling starts from noise without it.

    Args:
        betas: β_t, float64, shape (T,), T from 2, each in (0, 1); the last may be 1.

    Returns:
        β_t, float64, shape (T,); the first as it was, the last 1.

    Raises:
        ValueError: for a single β.
    """
    if len(betas) < 2:
        raise ValueError("zero terminal SNR needs T of 2 or more: t = 1 keeps its signal")
    signal = (1 - betas).cumprod(0).sqrt()
    shifted = (signal - signal[-1]) * (signal[0] / (signal[0] - signal[-1]))
    alphas_cumprod = shifted.square()
    rescaled = 1 - alphas_cumprod[1:] / alphas_cumprod[:-1]
    return torch.cat([betas[:1], rescaled])
