"""Training losses [DDPM §3.4]."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.process import Denoiser, DiffusionProcess


def l_simple(
    process: DiffusionProcess, model: Denoiser, x0: Tensor, index: Tensor, noise: Tensor
) -> Tensor:
    """Mean squared error of the prediction, per picture [DDPM eq. 14].

    Noising and the error are in the precision of ``x0``: in half precision √(1−ᾱ) would vanish
    for the first timesteps.

    Args:
        process: q, and what the network predicts.
        model: the network.
        x0: pictures in [−1, 1], shape (N, C, H, W), float32.
        index: t − 1, shape (N,), int64.
        noise: ε ~ N(0, I), shape of x0.

    Returns:
        Shape (N,).
    """
    x_t = process.q_sample(x0, index, noise)
    prediction, _ = process.split(model(x_t, process.labels(x_t, index)), x_t)
    error = prediction.to(x0.dtype) - process.target(x0, x_t, index, noise)
    return error.square().flatten(1).mean(1)
