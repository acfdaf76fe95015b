"""Noise levels: t = 1 … T, σ, flow time and the networks' labels, and conversions between them.

All are one scale, since the noisy pictures of these forms differ by a factor only:

- x̃ = x_0 + σ·ε, the variance-exploding form [EDM];
- x_t = √ᾱ_t x_0 + √(1−ᾱ_t) ε = √ᾱ_t x̃ with σ = √((1−ᾱ)/ᾱ), the variance-preserving form that
  this engine uses [DDPM];
- x_u = (1−u) x_0 + u ε = (1−u) x̃ with σ = u/(1−u), the linear path of flow matching.

A *level* is an index t − 1, an int while sampling (table entries are then plain float64 numbers and
nothing is read from the device) or an int64 tensor of shape (N,) while training; or σ itself, a
floating-point tensor of shape (N,). Each process has its own T levels, those of its schedule.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from ddpm_studio.engine.checks import check_shape
from ddpm_studio.engine.schedules.schedule import NoiseSchedule

Index = int | Tensor
Level = int | Tensor
#: A number where the index is an int, else a tensor of shape (N, 1, 1, 1).
Coefficient = float | Tensor


class LevelCoefficients(Protocol):
    """Coefficients of x_t at a noise level (√ᾱ, σ, SNR, …), which broadcast to x_t's shape."""

    @property
    def like(self) -> Tensor:
        """x_t, or a tensor with its shape, dtype and device."""
        ...

    @property
    def signal(self) -> Coefficient:
        """√ᾱ, the coefficient of x_0 in x_t."""
        ...

    @property
    def noise(self) -> Coefficient:
        """√(1−ᾱ), the coefficient of ε in x_t."""
        ...

    @property
    def recip_signal(self) -> Coefficient:
        """1/√ᾱ, the factor from x_t to x̃."""
        ...

    @property
    def sigma(self) -> Coefficient:
        """σ, the coefficient of ε in x̃."""
        ...

    @property
    def snr(self) -> Coefficient:
        """Signal-to-noise ratio, ᾱ/(1−ᾱ) = 1/σ²."""
        ...

    @property
    def noise_variance(self) -> Coefficient:
        """1 − ᾱ."""
        ...

    @property
    def log_sigma(self) -> Coefficient:
        """ln σ, which is also the logit of the flow time."""
        ...

    @property
    def posterior_x0(self) -> Coefficient:
        """Coefficient of x_0 in the posterior mean μ̃_t; defined for an index only."""
        ...

    @property
    def posterior_x_t(self) -> Coefficient:
        """Coefficient of x_t in the posterior mean μ̃_t; defined for an index only."""
        ...

    @property
    def trained_x0(self) -> Coefficient:
        """Coefficient of x_0 in μ̃_t of the full training schedule, even if strided."""
        ...

    @property
    def trained_x_t(self) -> Coefficient:
        """Coefficient of x_t in μ̃_t of the full training schedule, even if strided."""
        ...

    def labels(self) -> Tensor:
        """Integer timestep label of each picture, shape (N,); defined for an index only."""
        ...


@dataclass(frozen=True, eq=False)
class IndexCoefficients:
    """Coefficients at one of the schedule's own levels, looked up lazily in its tables."""

    schedule: NoiseSchedule
    index: Index
    like: Tensor

    @property
    def signal(self) -> Coefficient:
        """See :class:`LevelCoefficients`."""
        return extract(self.schedule.sqrt_alphas_cumprod, self.index, self.like)

    @property
    def noise(self) -> Coefficient:
        """See :class:`LevelCoefficients`."""
        return extract(self.schedule.sqrt_one_minus_alphas_cumprod, self.index, self.like)

    @property
    def recip_signal(self) -> Coefficient:
        """See :class:`LevelCoefficients`."""
        return extract(self.schedule.sqrt_recip_alphas_cumprod, self.index, self.like)

    @property
    def sigma(self) -> Coefficient:
        """See :class:`LevelCoefficients`."""
        return extract(self.schedule.sigmas, self.index, self.like)

    @property
    def snr(self) -> Coefficient:
        """See :class:`LevelCoefficients`."""
        return extract(self.schedule.snr, self.index, self.like)

    @property
    def noise_variance(self) -> Coefficient:
        """See :class:`LevelCoefficients`."""
        return extract(self.schedule.one_minus_alphas_cumprod, self.index, self.like)

    @property
    def log_sigma(self) -> Coefficient:
        """See :class:`LevelCoefficients`."""
        return extract(self.schedule.log_sigmas, self.index, self.like)

    @property
    def posterior_x0(self) -> Coefficient:
        """See :class:`LevelCoefficients`."""
        return extract(self.schedule.posterior_mean_coef_x0, self.index, self.like)

    @property
    def posterior_x_t(self) -> Coefficient:
        """See :class:`LevelCoefficients`."""
        return extract(self.schedule.posterior_mean_coef_x_t, self.index, self.like)

    @property
    def trained_x0(self) -> Coefficient:
        """See :class:`LevelCoefficients`."""
        return extract(self.schedule.trained_mean_coef_x0, self.index, self.like)

    @property
    def trained_x_t(self) -> Coefficient:
        """See :class:`LevelCoefficients`."""
        return extract(self.schedule.trained_mean_coef_x_t, self.index, self.like)

    def labels(self) -> Tensor:
        """See :class:`LevelCoefficients`; a strided schedule keeps the labels of the training."""
        timesteps = self.schedule.timesteps
        if isinstance(self.index, int):
            label, device = int(timesteps[self.index]), self.like.device
            return torch.full((len(self.like),), label, dtype=torch.long, device=device)
        return _on_device(timesteps, self.index.device, timesteps.dtype)[self.index]


@dataclass(frozen=True, eq=False)
class SigmaCoefficients:
    """Coefficients at any σ above 0, between a schedule's levels or beyond them.

    Args:
        like: x_t.
        signal: √ᾱ, shape (N, 1, 1, 1).
        noise: √(1−ᾱ), shape (N, 1, 1, 1).
        sigma: σ, shape (N, 1, 1, 1).
    """

    like: Tensor
    signal: Tensor
    noise: Tensor
    sigma: Tensor

    @classmethod
    def of(cls, sigma: Tensor, like: Tensor) -> SigmaCoefficients:
        """Return the coefficients of x_t at σ, shape (N,)."""
        # Without cancellation, in float32 too.
        exact = sigma.double() if like.dtype == torch.float64 else sigma.float()
        signal = (1 + exact.square()).rsqrt()
        return cls(*_per_picture_all(like, signal, exact * signal, exact))

    @classmethod
    def of_log_sigma(cls, log_sigma: Tensor, like: Tensor) -> SigmaCoefficients:
        """Return the coefficients of x_t at ln σ, shape (N,), float64 on the CPU."""
        alpha_bar = torch.sigmoid(-2 * log_sigma)
        return cls(
            *_per_picture_all(like, alpha_bar.sqrt(), (1 - alpha_bar).sqrt(), log_sigma.exp())
        )

    @property
    def recip_signal(self) -> Tensor:
        """See :class:`LevelCoefficients`."""
        return 1 / self.signal

    @property
    def snr(self) -> Tensor:
        """See :class:`LevelCoefficients`."""
        return 1 / self.sigma.square()

    @property
    def noise_variance(self) -> Tensor:
        """See :class:`LevelCoefficients`."""
        return self.noise.square()

    @property
    def log_sigma(self) -> Tensor:
        """See :class:`LevelCoefficients`."""
        return self.sigma.log()

    @property
    def posterior_x0(self) -> Coefficient:
        """Undefined at a σ.

        Raises:
            ValueError: always.
        """
        raise _index_required("The mean of the step from t to t − 1")

    @property
    def posterior_x_t(self) -> Coefficient:
        """Undefined at a σ.

        Raises:
            ValueError: always.
        """
        raise _index_required("The mean of the step from t to t − 1")

    @property
    def trained_x0(self) -> Coefficient:
        """Undefined at a σ.

        Raises:
            ValueError: always.
        """
        raise _index_required("The mean of the step from t to t − 1")

    @property
    def trained_x_t(self) -> Coefficient:
        """Undefined at a σ.

        Raises:
            ValueError: always.
        """
        raise _index_required("The mean of the step from t to t − 1")

    def labels(self) -> Tensor:
        """Undefined at a σ.

        Raises:
            ValueError: always.
        """
        raise _index_required("A network that is told one of T labels")


def coefficients(schedule: NoiseSchedule, level: Level, like: Tensor) -> LevelCoefficients:
    """Return the coefficients of x_t at a noise level.

    Args:
        schedule: noise schedule that an index refers to.
        level: an index 0..T−1, an int or int64 of shape (N,), or σ above 0, floating, shape (N,).
        like: x_t, or a tensor with its shape, dtype and device; shape (N, …).

    Raises:
        ValueError: if the level has another shape or dtype, or is out of range.
    """
    if isinstance(level, Tensor):
        check_shape("the level", level, (len(like),))
        if level.is_floating_point():
            return SigmaCoefficients.of(level, like)
        if level.dtype != torch.int64:
            raise ValueError(f"the level must be an int64 index or a floating σ, not {level.dtype}")
    elif not isinstance(level, int) or isinstance(level, bool):
        raise ValueError(f"the level must be an int or a tensor, not {type(level).__name__}")
    else:
        check_range(schedule, level)
    return IndexCoefficients(schedule, level, like)


def check_range(schedule: NoiseSchedule, level: Level) -> None:
    """Check that indices are in 0..T−1, or that σ is finite and above 0.

    Negative indices would wrap around. Tensors on another device than the CPU are not checked,
    since reading their values would synchronise with it.

    Raises:
        ValueError: if not; the message gives the range.
    """
    if not isinstance(level, Tensor):
        if isinstance(level, int) and not 0 <= level < schedule.T:
            raise ValueError(f"the index t − 1 must be 0..{schedule.T - 1}, not {level}")
        return
    if level.device.type != "cpu" or not level.numel():
        return
    low, high = (value.item() for value in level.aminmax())
    if level.is_floating_point():
        if not 0 < low <= high < float("inf"):
            raise ValueError(f"σ must be above 0 and finite, not {low}..{high}")
    elif not 0 <= low <= high < schedule.T:
        raise ValueError(f"the index t − 1 must be 0..{schedule.T - 1}, not {low}..{high}")


def nearest_index(schedule: NoiseSchedule, level: Tensor) -> Tensor:
    """Return the index of each level; for σ, that of the schedule's nearest level in ln σ."""
    if not level.is_floating_point():
        return level
    borders = _on_device(schedule.log_sigma_borders, level.device, level.dtype)
    return torch.bucketize(level.log(), borders)


def to_conditioning(value: Coefficient, like: Tensor) -> Tensor:
    """Expand a coefficient to a network's conditioning input, shape (N,), float32 or wider."""
    dtype = torch.promote_types(like.dtype, torch.float32)
    if isinstance(value, Tensor):
        return value.reshape(-1).to(dtype)
    return torch.full((len(like),), value, dtype=dtype, device=like.device)


def extract(table: Tensor, index: Index, like: Tensor) -> Coefficient:
    """Look up a float64 table: a float for an int index, else shape (N, 1, 1, 1) for ``like``."""
    if isinstance(index, int):
        return float(table[index])
    values = _on_device(table, index.device, like.dtype)[index]
    return values.reshape(-1, *([1] * (like.ndim - 1)))


def per_picture(values: Tensor, like: Tensor) -> Tensor:
    """Reshape one value per picture, (N,), to (N, 1, 1, 1) with dtype and device of ``like``."""
    values = values.to(device=like.device, dtype=like.dtype)
    return values.reshape(-1, *([1] * (like.ndim - 1)))


def _per_picture_all(like: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
    return like, *(per_picture(value, like) for value in values)


def _index_required(quantity: str) -> ValueError:
    return ValueError(f"{quantity} needs an index of the schedule; σ alone names none")


# Cache of the tables' copies per device and dtype, since a copy in each step would synchronise with
# the device. A copy lives as long as its table: a CUDA graph reads it without a reference to it.
_copies: MutableMapping[Tensor, dict[tuple[torch.device, torch.dtype], Tensor]]
_copies = WeakIdKeyDictionary()


def _on_device(table: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    copies = _copies.setdefault(table, {})
    copy = copies.get((device, dtype))
    if copy is None:
        with torch.inference_mode(False):
            copy = table.to(device=device, dtype=dtype)
        if copy is not table:
            copies[device, dtype] = copy
    return copy
