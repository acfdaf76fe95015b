"""Training losses: L_simple, L_vlb, their hybrid, and min-SNR weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from ddpm_studio.engine.likelihood.bound import reverse_bits
from ddpm_studio.engine.process import Denoiser, DiffusionProcess, at

Loss = Literal["simple", "min_snr", "vlb", "hybrid"]

# [IDDPM §3.1] and [Hang et al. 2023].
_VLB_SHARE = 0.001
_MIN_SNR_GAMMA = 5.0

# As long as its process is there: a recorded step reads its copy on the device.
_min_snr_tables: WeakKeyDictionary[DiffusionProcess, dict[float, Tensor]] = WeakKeyDictionary()


def check_loss(process: DiffusionProcess, loss: Loss) -> None:
    """Refuse a loss that leaves a part of the network untrained.

    Raises:
        ValueError: with the reason.
    """
    if process.learned and loss in ("simple", "min_snr"):
        raise ValueError(
            f"the loss {loss!r} teaches a learned variance nothing; use 'hybrid' or 'vlb'"
        )
    if not process.learned and loss == "hybrid":
        raise ValueError(
            "the loss 'hybrid' adds the bound for a learned variance alone; "
            f"with {process.variance!r} it is 'simple'"
        )


@dataclass(frozen=True)
class TrainingLoss:
    """A loss for each picture: call it as :func:`l_simple` is called.

    Args:
        loss: ``simple`` [DDPM eq. 14]; ``min_snr``, the same with weights that stop the easy
            timesteps from ruling; ``vlb``, T·L_{t−1} in bits/dim, whose mean over t is the
            bound without L_T; ``hybrid``, L_simple + .001·L_vlb [IDDPM eq. 16].
        gamma: cap on the signal-to-noise ratio, of min_snr alone.
    """

    loss: Loss = "simple"
    gamma: float = _MIN_SNR_GAMMA

    def __call__(
        self,
        process: DiffusionProcess,
        model: Denoiser,
        x0: Tensor,
        index: Tensor,
        noise: Tensor,
    ) -> Tensor:
        """Return the loss of each picture, shape (N,)."""
        x_t = process.q_sample(x0, index, noise)
        output = model(x_t, process.labels(x_t, index)).to(x0.dtype)
        prediction, v = process.split(output, x_t)
        if self.loss == "vlb":
            return _scaled_bound(process, output, x0, x_t, index)
        error = prediction - process.target(x0, x_t, index, noise)
        simple = error.square().flatten(1).mean(1)
        if self.loss == "min_snr":
            return simple * min_snr_weights(process, index, x0, self.gamma)
        if self.loss == "hybrid" and v is not None:
            # μ learns from L_simple alone: the bound's gradient is far noisier.
            frozen = torch.cat([prediction.detach(), v], dim=1)
            simple = simple + _VLB_SHARE * _scaled_bound(process, frozen, x0, x_t, index)
        return simple


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
    return TrainingLoss("simple")(process, model, x0, index, noise)


def min_snr_weights(
    process: DiffusionProcess, index: Tensor, like: Tensor, gamma: float = _MIN_SNR_GAMMA
) -> Tensor:
    """Weight of each picture's squared error: min(SNR, γ) on x̂_0's [Hang et al. 2023].

    An error of the prediction is one of x̂_0 times a factor that depends on t alone, so the
    same objective has another weight in each parameterisation.

    Returns:
        Shape (N,).
    """
    tables = _min_snr_tables.setdefault(process, {})
    if gamma not in tables:
        tables[gamma] = _min_snr_table(process, gamma)
    return torch.as_tensor(at(tables[gamma], index, like)).reshape(-1)


def _min_snr_table(process: DiffusionProcess, gamma: float) -> Tensor:
    s = process.schedule
    match process.parameterization:
        case "eps":
            square = s.snr
        case "x0":
            square = torch.ones_like(s.snr)
        case "mu":
            square = s.posterior_mean_coef_x0.square()
        case "v":
            square = 1 / s.one_minus_alphas_cumprod
    return s.snr.clamp(max=gamma) / square


def _scaled_bound(
    process: DiffusionProcess, output: Tensor, x0: Tensor, x_t: Tensor, index: Tensor
) -> Tensor:
    # Clipping x̂_0 would stop its gradient; it belongs to sampling and measuring.
    unclipped = replace(process, clip_x0=False)
    return process.schedule.T * reverse_bits(unclipped, output, x0, x_t, index)
