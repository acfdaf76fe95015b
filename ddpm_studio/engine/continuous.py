"""A network trained at T noise levels, seen at every level between."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ddpm_studio.engine.process import Denoiser, DiffusionProcess


class ContinuousDenoiser:
    """ε̂ as a function of x̃ = x/√ᾱ and log σ, where σ = √((1−ᾱ)/ᾱ) [EDM §2].

    The probability flow is then dx̃/d(log σ) = σ·ε̂. Between two of its noise levels the
    network is asked at both of their integer labels and the answers are mixed: it never sees
    a label that it was not trained with, and ε̂ is continuous, as adaptive steps need.

    Args:
        process: over the whole schedule or a strided one.
        model: the network.
    """

    def __init__(self, process: DiffusionProcess, model: Denoiser) -> None:
        self.process, self.model = process, model
        self.log_sigmas = process.schedule.sigmas.log().numpy()

    def index(self, log_sigma: float) -> float:
        """Place in the schedule, 0..T−1, between two indices as a rule."""
        return float(np.interp(log_sigma, self.log_sigmas, np.arange(len(self.log_sigmas))))

    def x_t(self, x: Tensor, log_sigma: float) -> Tensor:
        """√ᾱ·x̃, what the network sees."""
        return x / math.sqrt(1 + math.exp(2 * log_sigma))

    def x0_hat(self, x: Tensor, log_sigma: float) -> Tensor:
        """x̂_0 = x̃ − σ·ε̂, clipped if the process says so."""
        place = self.index(log_sigma)
        low = math.floor(place)
        share = place - low
        result = self._at(x, log_sigma, low)
        if share > 1e-9:
            result = result + share * (self._at(x, log_sigma, low + 1) - result)
        return result.clamp(-1, 1) if self.process.clip_x0 else result

    def eps(self, x: Tensor, log_sigma: float) -> Tensor:
        """ε̂, consistent with x̂_0."""
        return (x - self.x0_hat(x, log_sigma)) / math.exp(log_sigma)

    def _at(self, x: Tensor, log_sigma: float, index: int) -> Tensor:
        """x̂_0 by the network's label of one index, from its ε̂ at the true σ."""
        process, x_t = self.process, self.x_t(x, log_sigma)
        prediction, _ = process.split(self.model(x_t, process.labels(x_t, index)), x_t)
        prediction = prediction.to(x.dtype)
        bar = 1 / (1 + math.exp(2 * log_sigma))
        match process.parameterization:
            case "x0":
                return prediction
            case "v":
                return math.sqrt(bar) * x_t - math.sqrt(1 - bar) * prediction
            case "eps":
                return x - math.exp(log_sigma) * prediction
            case "mu":
                eps = process.eps_from_x0(
                    x_t, index, process.x0_from_prediction(x_t, index, prediction)
                )
                return x - math.exp(log_sigma) * eps


def log_sigma_grid(process: DiffusionProcess, points: int) -> list[float]:
    """``points`` + 1 values from the schedule's highest log σ to its lowest, evenly spaced."""
    logs = process.schedule.sigmas.log()
    return torch.linspace(float(logs[-1]), float(logs[0]), points + 1, dtype=torch.float64).tolist()
