"""A network trained at T noise levels, seen at every level between."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ddpm_studio.engine.process import Denoiser, DiffusionProcess, per_picture


class ContinuousDenoiser:
    """ε̂ as a function of x̃ = x/√ᾱ and log σ, where σ = √((1−ᾱ)/ᾱ) [EDM §2].

    The probability flow is then dx̃/d(log σ) = σ·ε̂. Between two of its noise levels the
    network is asked at both of their integer labels and the answers are mixed: it never sees
    a label that it was not trained with, and ε̂ is continuous, as adaptive steps need.

    A log σ is one number for all pictures or a float64 tensor of shape (N,) on the CPU.

    Args:
        process: over the whole schedule or a strided one.
        model: the network.

    Raises:
        ValueError: for a schedule of zero terminal SNR, whose last σ is infinite.
    """

    def __init__(self, process: DiffusionProcess, model: Denoiser) -> None:
        process.schedule.require_signal("the probability flow")
        self.process, self.model = process, model
        self.log_sigmas = process.schedule.sigmas.log().numpy()

    def x_t(self, x: Tensor, log_sigma: float | Tensor) -> Tensor:
        """√ᾱ·x̃, what the network sees."""
        return x * per_picture(_signal(_levels(x, log_sigma)).sqrt(), x)

    def x0_hat(self, x: Tensor, log_sigma: float | Tensor) -> Tensor:
        """x̂_0 = x̃ − σ·ε̂, clipped if the process says so."""
        levels = _levels(x, log_sigma)
        place = np.interp(levels.numpy(), self.log_sigmas, np.arange(len(self.log_sigmas)))
        low = np.floor(place)
        share = torch.from_numpy(place - low)
        below = torch.from_numpy(low).long()
        result = self._at(x, levels, below)
        if bool((share > 1e-9).any()):
            above = (below + 1).clamp_max(len(self.log_sigmas) - 1)
            result = result + per_picture(share, x) * (self._at(x, levels, above) - result)
        return result.clamp(-1, 1) if self.process.clip_x0 else result

    def eps(self, x: Tensor, log_sigma: float | Tensor) -> Tensor:
        """ε̂, consistent with x̂_0."""
        return (x - self.x0_hat(x, log_sigma)) / per_picture(_levels(x, log_sigma).exp(), x)

    def _at(self, x: Tensor, levels: Tensor, indices: Tensor) -> Tensor:
        """x̂_0 by the network's labels of given indices, from its ε̂ at the true σ."""
        process, x_t = self.process, self.x_t(x, levels)
        index = indices.to(x.device)
        prediction, _ = process.split(self.model(x_t, process.labels(x_t, index)), x_t)
        prediction = prediction.to(x.dtype)
        bar, sigma = _signal(levels), per_picture(levels.exp(), x)
        match process.parameterization:
            case "x0":
                return prediction
            case "v":
                return (
                    per_picture(bar.sqrt(), x) * x_t - per_picture((1 - bar).sqrt(), x) * prediction
                )
            case "eps":
                return x - sigma * prediction
            case "mu":
                eps = process.eps_from_x0(
                    x_t, index, process.x0_from_prediction(x_t, index, prediction)
                )
                return x - sigma * eps
        raise NotImplementedError(process.parameterization)


def _levels(x: Tensor, log_sigma: float | Tensor) -> Tensor:
    """log σ of each picture, float64 on the CPU, shape (N,)."""
    return torch.as_tensor(log_sigma, dtype=torch.float64).expand(len(x))


def _signal(levels: Tensor) -> Tensor:
    """ᾱ of log σ."""
    return torch.sigmoid(-2 * levels)
