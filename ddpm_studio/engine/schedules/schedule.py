"""Noise schedules: β_t and all tables derived from it, in float64.

Index i stands for the paper's t = i + 1, so all tables have length T and start at t = 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_number, check_values
from ddpm_studio.engine.schedules import betas as table
from ddpm_studio.engine.schedules.zero_terminal_snr import rescale_zero_terminal_snr
from ddpm_studio.engine.tables.schedules import BETA_END, BETA_START, SCHEDULES


@dataclass(frozen=True, eq=False)
class NoiseSchedule:
    """Noise schedule: the forward process's variances β_t and all tables derived from them.

    Tables are float64 on the CPU: in float32, the posterior variance would have relative errors of
    up to 4e-4. They are cast where they are used.

    Args:
        betas: β_t, float64, shape (T,), each in (0, 1), except the last one for zero terminal SNR.
        timesteps: label of the network at each index, int64, shape (T,); 0..T−1 unless the schedule
            is a strided part of a longer one.
        train_timesteps: T of the schedule that the network was trained with.
        zero_terminal_snr: β_T is 1: x_T is pure noise, its σ infinite [Lin et al. 2023].
        full_schedule: the schedule that this is a strided part of; ``timesteps`` are its indices.
            None: this is a whole schedule.

    Raises:
        ValueError: if β is empty, not one-dimensional or not float64, leaves (0, 1), or
            contradicts ``zero_terminal_snr``; or if ``timesteps`` are not int64 of β's shape in
            0..train_timesteps−1.
    """

    betas: Tensor
    timesteps: Tensor
    train_timesteps: int
    zero_terminal_snr: bool = False
    full_schedule: NoiseSchedule | None = None

    def __post_init__(self) -> None:
        betas = self.betas
        if betas.ndim != 1 or len(betas) == 0:
            raise ValueError(f"betas must have shape (T,) with T ≥ 1, not {tuple(betas.shape)}")
        if betas.dtype != torch.float64:
            raise ValueError(f"betas must be float64, not {betas.dtype}")
        inner = betas[:-1] if self.zero_terminal_snr else betas
        if not bool(((inner > 0) & (inner < 1)).all()):
            raise ValueError("each β must lie strictly between 0 and 1")
        if self.zero_terminal_snr and float(betas[-1]) != 1:
            raise ValueError(f"zero terminal SNR means that β_T is 1, not {float(betas[-1])}")
        if self.timesteps.shape != betas.shape:
            raise ValueError("timesteps must have the shape of betas")
        if self.timesteps.dtype != torch.int64:
            raise ValueError(f"timesteps must be int64, not {self.timesteps.dtype}")
        check_integer("train_timesteps", self.train_timesteps, len(betas))
        check_values("timesteps", self.timesteps, 0, self.train_timesteps - 1)

    @classmethod
    def from_betas(
        cls, betas: Tensor | Sequence[float], zero_terminal_snr: bool = False
    ) -> NoiseSchedule:
        """Create a schedule from β_1..β_T, the last of which is 1 for zero terminal SNR."""
        given = torch.as_tensor(betas, dtype=torch.float64).detach().cpu().clone()
        return cls(given, torch.arange(len(given)), len(given), zero_terminal_snr)

    @classmethod
    def linear(
        cls,
        T: int = 1000,
        beta_start: float = BETA_START,
        beta_end: float = BETA_END,
    ) -> NoiseSchedule:
        """Linear schedule: β rises linearly, ends included [DDPM §4]."""
        return cls.from_betas(table.linear(T, beta_start, beta_end))

    @classmethod
    def cosine(cls, T: int = 1000, s: float = 0.008, max_beta: float = 0.999) -> NoiseSchedule:
        """Cosine schedule: ᾱ_t follows a squared cosine, β ≤ ``max_beta`` [IDDPM eq. 17]."""
        return cls.from_betas(table.cosine(T, s, max_beta))

    @classmethod
    def vp_sde(cls, T: int = 1000, beta_min: float = 0.1, beta_max: float = 20.0) -> NoiseSchedule:
        """VP-SDE schedule: log ᾱ(u) = −β_min·u − ½(β_max − β_min)·u² at u = t/T [SDE eq. 33]."""
        check_integer("T", T, 1)
        check_number("β_min", beta_min, 0)
        check_number("β_max", beta_max, beta_min)
        u = torch.arange(T + 1, dtype=torch.float64) / T
        log_alphas_cumprod = -beta_min * u - (beta_max - beta_min) / 2 * u.square()
        return cls.from_betas(-torch.expm1(log_alphas_cumprod.diff()))

    @classmethod
    def named(
        cls, name: str, T: int = 1000, ends: tuple[float, float] | None = None
    ) -> NoiseSchedule:
        """Return a schedule of :data:`ddpm_studio.engine.tables.SCHEDULES` by name.

        Args:
            name: name of the schedule.
            T: number of timesteps.
            ends: first and last β, before any scaling by T; a schedule that is defined by its last
                β alone uses that. None: the paper's.

        Raises:
            ValueError: for an unknown name, a T that the schedule can't have, or ends for a
                schedule that does not take them.
        """
        check_integer("T", T, 1)
        info = SCHEDULES[name]
        build = info.load()
        if ends is None:
            return cls.from_betas(build(T))
        if info.ends == "none":
            raise ValueError(f"the schedule {name!r} is not made from its first and last β")
        return cls.from_betas(build(T, *(ends if info.ends == "both" else ends[1:])))

    def with_zero_terminal_snr(self) -> NoiseSchedule:
        """Return the schedule rescaled to zero terminal SNR, ᾱ_T = 0; ᾱ_1 stays [Lin et al. 2023].

        A network that predicts ε can't be used with it: at T, x_0 can't be recovered from ε.

        Raises:
            ValueError: if this is a strided part of a schedule, or T is 1.
        """
        if self.train_timesteps != self.T:
            raise ValueError("zero terminal SNR is for a whole schedule; stride it afterwards")
        return NoiseSchedule.from_betas(rescale_zero_terminal_snr(self.betas), True)

    def strided(self, steps: int, t: int | None = None) -> NoiseSchedule:
        """Return a strided schedule: ``steps`` of the timesteps 1..t with both ends [IDDPM §4].

        β is recomputed from the kept ᾱ, and the network still gets the labels it was trained
        with. 10 of 1000 keeps the labels 0, 111, 222, …, 999.

        Args:
            steps: number of timesteps to keep, 1..t.
            t: timestep at which the reverse process starts, 1..T; None: T.

        Raises:
            ValueError: if ``steps`` or ``t`` is out of range.
        """
        return self.keep(self.even_indices(steps, t))

    def even_indices(self, steps: int, t: int | None = None) -> Tensor:
        """Evenly spaced indices, as :meth:`strided` keeps them, ascending, shape (steps,).

        Positions of the even grid are rounded to the nearest index, halves up.

        Raises:
            ValueError: if ``steps`` or ``t`` is out of range.
        """
        t = self.T if t is None else t
        check_integer("t", t, 1, self.T)
        check_integer("steps", steps, 1, t)
        if steps == 1:
            return torch.tensor([t - 1])
        # Integer arithmetic, since a half may be just below itself in floating point.
        intervals = steps - 1
        return (2 * torch.arange(steps) * (t - 1) + intervals) // (2 * intervals)

    def keep(self, indices: Tensor) -> NoiseSchedule:
        """Return the schedule of the given indices (ascending, int64), β recomputed from their ᾱ.

        Raises:
            ValueError: if the indices are not ascending, not int64 or out of range.
        """
        check_timestep_indices(indices, self.T)
        if len(indices) == self.T:
            return self
        alphas_cumprod = self.alphas_cumprod[indices]
        previous = torch.cat([torch.ones(1, dtype=torch.float64), alphas_cumprod[:-1]])
        return NoiseSchedule(
            1 - alphas_cumprod / previous,
            self.timesteps[indices],
            self.train_timesteps,
            self.zero_terminal_snr and int(indices[-1]) == self.T - 1,
            self.full_schedule or self,
        )

    def require_signal(self, method: str) -> None:
        """Check that ᾱ_T > 0, for a method that needs σ or ln ᾱ at T.

        Args:
            method: name of the method, for the message.

        Raises:
            ValueError: for a schedule of zero terminal SNR.
        """
        if self.zero_terminal_snr:
            raise ValueError(
                f"{method} begins where some signal is left, but ᾱ_T is 0 in this schedule "
                "(zero terminal SNR)"
            )

    @property
    def T(self) -> int:  # noqa: N802 - the field's name
        """Number of timesteps."""
        return len(self.betas)

    @cached_property
    def log_betas(self) -> Tensor:
        """log β_t."""
        return self.betas.log()

    @cached_property
    def alphas(self) -> Tensor:
        """α_t = 1 − β_t."""
        return 1 - self.betas

    @cached_property
    def alphas_cumprod(self) -> Tensor:
        """ᾱ_t = ∏ α_s."""
        return self.alphas.cumprod(0)

    @cached_property
    def alphas_cumprod_prev(self) -> Tensor:
        """ᾱ_{t−1}, with ᾱ_0 = 1."""
        return torch.cat([torch.ones(1, dtype=torch.float64), self.alphas_cumprod[:-1]])

    @cached_property
    def one_minus_alphas_cumprod(self) -> Tensor:
        """1 − ᾱ_t, computed without cancellation where ᾱ is close to 1."""
        return -torch.expm1(torch.log1p(-self.betas).cumsum(0))

    @cached_property
    def one_minus_alphas_cumprod_prev(self) -> Tensor:
        """1 − ᾱ_{t−1}, 0 at t = 1."""
        return torch.cat([torch.zeros(1, dtype=torch.float64), self.one_minus_alphas_cumprod[:-1]])

    @cached_property
    def sqrt_alphas_cumprod(self) -> Tensor:
        """√ᾱ_t, the coefficient of x_0 in x_t."""
        return self.alphas_cumprod.sqrt()

    @cached_property
    def sqrt_one_minus_alphas_cumprod(self) -> Tensor:
        """√(1 − ᾱ_t), the coefficient of ε in x_t."""
        return self.one_minus_alphas_cumprod.sqrt()

    @cached_property
    def sqrt_recip_alphas_cumprod(self) -> Tensor:
        """1/√ᾱ_t."""
        return self.alphas_cumprod.rsqrt()

    @cached_property
    def sqrt_recipm1_alphas_cumprod(self) -> Tensor:
        """√(1/ᾱ_t − 1)."""
        return (self.one_minus_alphas_cumprod / self.alphas_cumprod).sqrt()

    @cached_property
    def posterior_variance(self) -> Tensor:
        """β̃_t, the variance of q(x_{t−1}|x_t, x_0) [DDPM eq. 7]; 0 at t = 1."""
        return self.betas * self.one_minus_alphas_cumprod_prev / self.one_minus_alphas_cumprod

    @cached_property
    def posterior_log_variance_clipped(self) -> Tensor:
        """log β̃_t, with β̃_2 in place of β̃_1 = 0."""
        return _replace_first(self.posterior_variance).log()

    @cached_property
    def fixed_large_log_variance(self) -> Tensor:
        """log β_t, with log β̃_2 at t = 1 as in the DDPM code."""
        if self.T == 1:
            return self.betas.log()
        return torch.cat([self.posterior_variance[1:2], self.betas[1:]]).log()

    @cached_property
    def posterior_mean_coef_x0(self) -> Tensor:
        """Coefficient of x_0 in μ̃_t [DDPM eq. 7]."""
        return self.betas * self.alphas_cumprod_prev.sqrt() / self.one_minus_alphas_cumprod

    @cached_property
    def posterior_mean_coef_x_t(self) -> Tensor:
        """Coefficient of x_t in μ̃_t [DDPM eq. 7]."""
        numerator = self.one_minus_alphas_cumprod_prev * self.alphas.sqrt()
        return numerator / self.one_minus_alphas_cumprod

    @cached_property
    def trained_mean_coef_x0(self) -> Tensor:
        """Coefficient of x_0 in μ̃ of a single step t → t − 1 of the whole schedule."""
        if self.full_schedule is None:
            return self.posterior_mean_coef_x0
        return self.full_schedule.posterior_mean_coef_x0[self.timesteps]

    @cached_property
    def trained_mean_coef_x_t(self) -> Tensor:
        """Coefficient of x_t in μ̃ of a single step t → t − 1 of the whole schedule."""
        if self.full_schedule is None:
            return self.posterior_mean_coef_x_t
        return self.full_schedule.posterior_mean_coef_x_t[self.timesteps]

    @cached_property
    def single_steps(self) -> Tensor:
        """Whether the step from each timestep is a single step t → t − 1, bool, shape (T,)."""
        previous = torch.cat([self.timesteps.new_tensor([-1]), self.timesteps[:-1]])
        return self.timesteps - previous == 1

    @cached_property
    def sigmas(self) -> Tensor:
        """σ = √((1−ᾱ_t)/ᾱ_t), the noise level in x̃ = x_0 + σε [EDM]."""
        return self.sqrt_recipm1_alphas_cumprod

    @cached_property
    def lambdas(self) -> tuple[float, ...]:
        """Half log-SNR λ = ln(√ᾱ/√(1−ᾱ)); −∞ where ᾱ_T = 0 [Lu et al. 2022]."""
        pairs = zip(
            self.sqrt_alphas_cumprod.tolist(),
            self.sqrt_one_minus_alphas_cumprod.tolist(),
            strict=True,
        )
        return tuple(math.log(a / b) if a else -math.inf for a, b in pairs)

    @cached_property
    def log_sigmas(self) -> Tensor:
        """ln σ."""
        return self.sigmas.log()

    @cached_property
    def log_sigma_borders(self) -> Tensor:
        """Midpoints of ln σ between neighbouring timesteps, shape (T − 1,)."""
        return (self.log_sigmas[1:] + self.log_sigmas[:-1]) / 2

    @cached_property
    def snr(self) -> Tensor:
        """Signal-to-noise ratio ᾱ_t/(1 − ᾱ_t)."""
        return self.alphas_cumprod / self.one_minus_alphas_cumprod


def check_timestep_indices(indices: Tensor, T: int) -> None:
    """Check that timesteps are int64 indices of shape (steps,), ascending within 0..T−1.

    Raises:
        ValueError: if not.
    """
    if indices.ndim != 1 or len(indices) == 0 or indices.dtype != torch.long:
        raise ValueError("timesteps to keep must be int64 of shape (steps,) with one at least")
    if int(indices[0]) < 0 or int(indices[-1]) >= T or bool((indices.diff() < 1).any()):
        raise ValueError(f"timesteps to keep must ascend within 0..{T - 1}")


def _replace_first(variance: Tensor) -> Tensor:
    """Replace the first value, a zero, by the second, so that its logarithm is finite."""
    if len(variance) == 1:
        return variance.clamp_min(1e-20)
    return torch.cat([variance[1:2], variance[1:]])
