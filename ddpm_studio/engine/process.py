"""The forward process q and the reverse process p_θ [DDPM §2, §3; IDDPM §3].

An *index* i in 0..T−1 stands for the paper's t = i + 1, and is one kind of level: see
:mod:`ddpm_studio.engine.levels`. All predictions are made by :meth:`DiffusionProcess.predict`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, cast

from torch import Tensor

from ddpm_studio.engine.checks import check_batch, check_broadcasts, check_like
from ddpm_studio.engine.levels import (
    Index,
    IndexCoefficients,
    Level,
    LevelCoefficients,
    check_range,
    coefficients,
    extract,
    nearest_index,
)
from ddpm_studio.engine.parameterizations.named import names_where, parameterization
from ddpm_studio.engine.parameterizations.parameterization import Parameterization
from ddpm_studio.engine.schedules.schedule import NoiseSchedule
from ddpm_studio.engine.tables import PARAMETERIZATIONS, VARIANCES
from ddpm_studio.engine.variances import LogVariance

__all__ = ["Denoiser", "DiffusionProcess", "Index", "Reverse", "std_of"]


class Denoiser(Protocol):
    """Denoising network: (input, shape (N, C, H, W); noise level, shape (N,)) → prediction.

    The arguments are x_t and integer labels 0..T−1; or, where the parameterisation is continuous,
    c_in·x̃ and c_noise, floating.
    """

    def __call__(self, x: Tensor, t: Tensor, /) -> Tensor:
        """Predict from x at the labels t."""
        ...


@dataclass(frozen=True)
class Reverse:
    """Reverse transition p_θ(x_{t−1}|x_t), with the x̂_0 and ε̂ it derives from; shape of x_t.

    ``log_variance`` is a number where the variance is fixed and the index an int.
    """

    mean: Tensor
    log_variance: Tensor | float
    x0_hat: Tensor
    eps: Tensor


@dataclass(frozen=True, eq=False)
class DiffusionProcess:
    """Diffusion process: forward process q and reverse process p_θ over one noise schedule.

    Data are pictures of shape (N, C, H, W), or of any shape (N, …) unless stated otherwise.

    Args:
        schedule: noise schedule, the variances β_t.
        parameterization: prediction target of the network: a name in
            :data:`ddpm_studio.engine.tables.PARAMETERIZATIONS`, or an object.
        variance: Σ_θ: β_t, β̃_t, exp of an output, or interpolated between both by an output
            [IDDPM eq. 15], by its name in :data:`ddpm_studio.engine.tables.VARIANCES`.
        clip_x0: clip x̂_0 to [−1, 1] before μ̃ is computed.

    Raises:
        ValueError: for an unknown name, or for a schedule of zero terminal SNR with a
            parameterisation from which x_0 can't be recovered at ᾱ_T = 0.
    """

    schedule: NoiseSchedule
    parameterization: str | Parameterization = "eps"
    variance: str = "fixed_large"
    clip_x0: bool = True

    def __post_init__(self) -> None:
        # Raises for an unknown name.
        if not isinstance(self.parameterization, Parameterization):
            PARAMETERIZATIONS[self.parameterization]
        VARIANCES[self.variance]
        if self.schedule.zero_terminal_snr and not self.form.supports_zero_terminal_snr:
            supporting = [
                repr(name) for name in names_where(lambda form: form.supports_zero_terminal_snr)
            ]
            by_name = isinstance(self.parameterization, str)
            prediction = self.parameterization if by_name else type(self.form).__name__
            raise ValueError(
                f"a network that predicts {prediction!r} says nothing of x_0 where ᾱ_T is 0 (zero "
                f"terminal SNR); predict {', '.join(supporting[:-1])} or {supporting[-1]}"
            )

    @cached_property
    def form(self) -> Parameterization:
        """The parameterisation as an object."""
        if isinstance(self.parameterization, Parameterization):
            return self.parameterization
        return parameterization(self.parameterization)

    @cached_property
    def _log_variance(self) -> LogVariance:
        return cast(LogVariance, VARIANCES[self.variance].load())

    @property
    def learned(self) -> bool:
        """Whether the network's output carries the variance in its second half of channels."""
        return VARIANCES[self.variance].learned

    def predict(self, model: Denoiser, x_t: Tensor, level: Level) -> Tensor:
        """Evaluate the network at x_t: the one place where predictions are made.

        Args:
            model: the network.
            x_t: √ᾱ x_0 + √(1−ᾱ) ε, shape (N, …).
            level: an index, an int or shape (N,), or σ, floating, shape (N,), where the
                parameterisation is continuous.

        Returns:
            The raw output: F, and the variance half if there is one.

        Raises:
            ValueError: if the level has another shape, is out of range, or is one that the network
                can't be conditioned on.
        """
        check_batch("x_t", x_t)
        check_range(self.schedule, level)
        coefficients = self.coefficients(level, x_t)
        return model(self.form.network_input(coefficients, x_t), self.form.c_noise(coefficients))

    def coefficients(self, level: Level, like: Tensor) -> LevelCoefficients:
        """Coefficients of x_t at a level; see :func:`ddpm_studio.engine.levels.coefficients`."""
        return coefficients(self.schedule, level, like)

    def index_of(self, level: Tensor) -> Tensor:
        """Return the index of each level; for σ, that of the nearest timestep in ln σ.

        Args:
            level: indices or σ, shape (N,).

        Raises:
            ValueError: if one is out of range.
        """
        check_range(self.schedule, level)
        return nearest_index(self.schedule, level)

    def q_sample(self, x0: Tensor, level: Level, noise: Tensor) -> Tensor:
        """Sample x_t ~ q(x_t|x_0) = N(√ᾱ_t x_0, (1−ᾱ_t) I) [DDPM eq. 4], in the precision of x_0.

        Args:
            x0: data, shape (N, …).
            level: an index, an int or shape (N,), or σ, floating, shape (N,).
            noise: ε ~ N(0, I), of x_0's shape, or one that broadcasts to it.

        Raises:
            ValueError: if a shape does not match, or the level is out of range.
        """
        check_batch("x_0", x0)
        check_range(self.schedule, level)
        check_broadcasts("the noise", noise, "x_0", x0)
        coefficients = self.coefficients(level, x0)
        return coefficients.signal * x0 + coefficients.noise * noise

    def q_step(self, x_before: Tensor, index: int, noise: Tensor) -> Tensor:
        """Forward step x_t ~ q(x_t|x_{t−1}) = N(√(1−β_t) x_{t−1}, β_t I) [DDPM eq. 2].

        Args:
            x_before: x_{t−1}, shape (N, …).
            index: t − 1.
            noise: ε ~ N(0, I), of x_{t−1}'s shape.

        Raises:
            ValueError: if a shape does not match, or the index is out of range.
        """
        check_range(self.schedule, index)
        check_like("the noise", noise, "x_{t−1}", x_before)
        beta = float(self.schedule.betas[index])
        return math.sqrt(1 - beta) * x_before + math.sqrt(beta) * noise

    def q_posterior_mean(self, x0: Tensor, x_t: Tensor, index: Index) -> Tensor:
        """Posterior mean μ̃_t(x_t, x_0) of q(x_{t−1}|x_t, x_0) [DDPM eq. 7]."""
        check_like("x_0", x0, "x_t", x_t)
        coefficients = self.coefficients(index, x_t)
        return coefficients.posterior_x0 * x0 + coefficients.posterior_x_t * x_t

    def target(self, x0: Tensor, x_t: Tensor, level: Level, noise: Tensor) -> Tensor:
        """Training target of the network, in its parameterisation.

        Raises:
            ValueError: if x_t or the noise has another shape than x_0.
        """
        check_like("x_t", x_t, "x_0", x0)
        check_like("the noise", noise, "x_0", x0)
        return self.form.target(self.coefficients(level, x0), x0, x_t, noise)

    def x0_from_eps(self, x_t: Tensor, level: Level, eps: Tensor) -> Tensor:
        """x̂_0 = (x_t − √(1−ᾱ_t) ε)/√ᾱ_t [DDPM eq. 15]."""
        check_like("ε", eps, "x_t", x_t)
        coefficients = self.coefficients(level, x_t)
        return coefficients.recip_signal * x_t - coefficients.sigma * eps

    def eps_from_x0(self, x_t: Tensor, level: Level, x0: Tensor) -> Tensor:
        """Noise ε for which x_t = √ᾱ_t x_0 + √(1−ᾱ_t) ε."""
        check_like("x_0", x0, "x_t", x_t)
        return self.form.eps(self.coefficients(level, x_t), x_t, x0)

    def x0_from_prediction(self, x_t: Tensor, level: Level, prediction: Tensor) -> Tensor:
        """x̂_0 from the network's output without its variance half, not clipped.

        Raises:
            ValueError: if the prediction has another shape than x_t.
        """
        check_like("the prediction", prediction, "x_t", x_t)
        return self.form.x0(self.coefficients(level, x_t), x_t, prediction)

    def split(self, output: Tensor, x_t: Tensor) -> tuple[Tensor, Tensor | None]:
        """Split the network's output into the prediction and, if learned, the variance half.

        Raises:
            ValueError: if the number of channels does not match.
        """
        check_batch("x_t", x_t)
        channels = x_t.shape[1] * (2 if self.learned else 1)
        if output.shape[1] != channels:
            raise ValueError(
                f"variance {self.variance!r} needs {channels} output channels, "
                f"the network has {output.shape[1]}"
            )
        prediction, v = output.chunk(2, dim=1) if self.learned else (output, None)
        check_like("the prediction", prediction, "x_t", x_t)
        return prediction, v

    def log_variance(self, index: Index, v: Tensor | None, like: Tensor) -> Tensor | float:
        """Log-variance log Σ_θ; ``v`` is the network's variance half, in [−1, 1] for learned_range.

        Raises:
            ValueError: if the variance is learned and ``v`` is None, or the index is out of range
                or a σ.
        """
        self._check_index(index, like)
        return self._log_variance(self.schedule, index, v, like)

    def posterior_log_variance(self, index: Index, like: Tensor) -> Tensor | float:
        """Log-variance log β̃_t of the posterior q(x_{t−1}|x_t, x_0), with β̃_2 at t = 1."""
        self._check_index(index, like)
        return extract(self.schedule.posterior_log_variance_clipped, index, like)

    def _check_index(self, index: Index, like: Tensor) -> None:
        if not isinstance(self.coefficients(index, like), IndexCoefficients):
            raise ValueError("a variance is of the step from t to t − 1: it needs an index")
        check_range(self.schedule, index)

    def p_mean_variance(self, model: Denoiser, x_t: Tensor, index: Index) -> Reverse:
        """Reverse transition p_θ(x_{t−1}|x_t), one evaluation of the network [DDPM eq. 1, 11]."""
        return self.reverse(self.predict(model, x_t, index), x_t, index)

    def reverse(self, output: Tensor, x_t: Tensor, index: Index) -> Reverse:
        """Reverse transition p_θ(x_{t−1}|x_t) from the network's output, in the precision of x_t.

        Raises:
            ValueError: if the output's shape does not match, or the index is out of range.
        """
        prediction, v = self.split(output, x_t)
        x0_hat = self.x0_from_prediction(x_t, index, prediction.to(x_t.dtype))
        clipped = x0_hat.clamp(-1, 1) if self.clip_x0 else x0_hat
        return Reverse(
            self.q_posterior_mean(self._x0_of_mean(x0_hat, clipped, index), x_t, index),
            self.log_variance(index, v, x_t),
            clipped,
            self.eps_from_x0(x_t, index, clipped),
        )

    def _x0_of_mean(self, x0_hat: Tensor, clipped: Tensor, index: Index) -> Tensor:
        """x̂_0 for the mean: unclipped where the mean is then the network's prediction itself."""
        if not (self.form.predicts_mean and self.clip_x0):
            return clipped
        single = self.schedule.single_steps
        if isinstance(index, int):
            return x0_hat if bool(single[index]) else clipped
        weight = extract(single, index, x0_hat)
        return weight * x0_hat + (1 - weight) * clipped


def std_of(log_variance: Tensor | float) -> Tensor | float:
    """Standard deviation σ from the log-variance log σ²."""
    if isinstance(log_variance, Tensor):
        return (0.5 * log_variance).exp()
    return math.exp(0.5 * log_variance)
