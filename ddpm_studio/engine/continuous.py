"""Continuous-time denoiser: ε̂ at any noise level, also between the T levels of the training."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ddpm_studio.engine.levels import IndexCoefficients, SigmaCoefficients, per_picture
from ddpm_studio.engine.process import Denoiser, DiffusionProcess


class ContinuousDenoiser:
    """Continuous-time denoiser: ε̂ of x̃ = x/√ᾱ and log σ, where σ = √((1−ᾱ)/ᾱ) [EDM §2].

    The probability-flow ODE is then dx̃/d(log σ) = σ·ε̂. A network conditioned on σ is evaluated at
    σ. Any other is evaluated at the integer labels of the two neighbouring noise levels and the
    results are interpolated: it never sees a label that it was not trained with, and ε̂ is
    continuous, as adaptive step sizes require.

    A log σ is one number for all pictures or a float64 tensor of shape (N,) on the CPU.

    Args:
        process: the diffusion process, over the whole schedule or a strided one.
        model: the network.

    Raises:
        ValueError: for a schedule of zero terminal SNR, whose last σ is infinite.
    """

    def __init__(self, process: DiffusionProcess, model: Denoiser) -> None:
        process.schedule.require_signal("the probability flow")
        self.process, self.model = process, model
        self.log_sigmas = process.schedule.log_sigmas.numpy()

    def x_t(self, x: Tensor, log_sigma: float | Tensor) -> Tensor:
        """Network input x_t = √ᾱ·x̃."""
        return x * per_picture(_signal(_levels(x, log_sigma)).sqrt(), x)

    def x0_hat(self, x: Tensor, log_sigma: float | Tensor) -> Tensor:
        """Predicted x̂_0 = x̃ − σ·ε̂, clipped to [−1, 1] if the process clips."""
        levels = _levels(x, log_sigma)
        predict = self._x0_at_sigma if self.process.form.continuous else self._x0_interpolated
        result = predict(x, levels)
        return result.clamp(-1, 1) if self.process.clip_x0 else result

    def eps(self, x: Tensor, log_sigma: float | Tensor) -> Tensor:
        """Predicted noise ε̂, consistent with the (possibly clipped) x̂_0."""
        return (x - self.x0_hat(x, log_sigma)) / per_picture(_levels(x, log_sigma).exp(), x)

    def _x0_at_sigma(self, x: Tensor, levels: Tensor) -> Tensor:
        """x̂_0 of a network conditioned on σ, evaluated at σ."""
        sigma, x_t = levels.exp().to(x), self.x_t(x, levels)
        return self.process.form.x0(
            self.process.coefficients(sigma, x_t), x_t, self._prediction(x_t, sigma)
        )

    def _x0_interpolated(self, x: Tensor, levels: Tensor) -> Tensor:
        """x̂_0 by linear interpolation, in log σ, between the labels of the neighbouring levels."""
        position = np.interp(levels.numpy(), self.log_sigmas, np.arange(len(self.log_sigmas)))
        floor = np.floor(position)
        fraction = torch.from_numpy(position - floor)
        lower = torch.from_numpy(floor).long()
        result = self._x0_at_labels(x, levels, lower)
        if bool((fraction > 1e-9).any()):
            upper = (lower + 1).clamp_max(len(self.log_sigmas) - 1)
            result = result + per_picture(fraction, x) * (
                self._x0_at_labels(x, levels, upper) - result
            )
        return result

    def _x0_at_labels(self, x: Tensor, levels: Tensor, indices: Tensor) -> Tensor:
        """x̂_0 at the true σ, with the network evaluated at the labels of the given indices."""
        process, x_t, index = self.process, self.x_t(x, levels), indices.to(x.device)
        at_label = IndexCoefficients(process.schedule, index, x_t)
        at_sigma = SigmaCoefficients.of_log_sigma(levels, x_t)
        return process.form.x0_between(x, x_t, at_label, at_sigma, self._prediction(x_t, index))

    def _prediction(self, x_t: Tensor, level: Tensor) -> Tensor:
        output = self.process.predict(self.model, x_t, level)
        return self.process.split(output, x_t)[0].to(x_t.dtype)


def _levels(x: Tensor, log_sigma: float | Tensor) -> Tensor:
    """log σ of each picture, float64 on the CPU, shape (N,)."""
    return torch.as_tensor(log_sigma, dtype=torch.float64).expand(len(x))


def _signal(levels: Tensor) -> Tensor:
    """ᾱ of log σ."""
    return torch.sigmoid(-2 * levels)
