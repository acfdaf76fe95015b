"""A training loss: a number for each picture."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine import DiffusionProcess
from ddpm_studio.engine.process import Denoiser


def l1(
    process: DiffusionProcess, model: Denoiser, x0: Tensor, index: Tensor, noise: Tensor
) -> Tensor:
    """Mean absolute error of the prediction, shape (N,)."""
    x_t = process.q_sample(x0, index, noise)
    output = process.predict(model, x_t, index).to(x0.dtype)
    return (output - process.target(x0, x_t, index, noise)).abs().flatten(1).mean(1)
