"""The forward process q and the reverse process p_θ [DDPM §2, §3; IDDPM §3].

An *index* i in 0..T−1 stands for the paper's t = i + 1. It is an int while sampling (the tables'
entries are then plain float64 numbers and nothing is read from the device) or an int64 tensor of
shape (N,) while training (one index a picture).
"""

from __future__ import annotations

import math
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from ddpm_studio.engine.schedules.schedule import NoiseSchedule
from ddpm_studio.engine.tables import PARAMETERIZATIONS, VARIANCES

Index = int | Tensor


class Denoiser(Protocol):
    """A network: (x_t of shape (N, C, H, W), integer labels of shape (N,)) → prediction."""

    def __call__(self, x: Tensor, t: Tensor, /) -> Tensor:
        """Predict from x_t at the labels t."""
        ...


@dataclass(frozen=True)
class Reverse:
    """p_θ(x_{t−1}|x_t) and what it was made from; all of x_t's shape.

    ``log_variance`` is a number where the variance is fixed and the index an int.
    """

    mean: Tensor
    log_variance: Tensor | float
    x0_hat: Tensor
    eps: Tensor


@dataclass(frozen=True, eq=False)
class DiffusionProcess:
    """q and p_θ over one noise schedule.

    Args:
        schedule: the variances β_t.
        parameterization: what the network predicts: ε, x_0, μ̃ or v = √ᾱ ε − √(1−ᾱ) x_0, by its
            name in :data:`ddpm_studio.engine.tables.PARAMETERIZATIONS`.
        variance: Σ_θ: β_t, β̃_t, exp of an output, or between both by an output [IDDPM eq. 15],
            by its name in :data:`ddpm_studio.engine.tables.VARIANCES`.
        clip_x0: keep x̂_0 within [−1, 1] before μ̃ is formed.

    Raises:
        ValueError: for another name, or a parameterisation that can't begin where ᾱ_T = 0 with a
            schedule of zero terminal SNR.
    """

    schedule: NoiseSchedule
    parameterization: str = "eps"
    variance: str = "fixed_large"
    clip_x0: bool = True

    def __post_init__(self) -> None:
        # An unknown name is refused at once.
        info = PARAMETERIZATIONS[self.parameterization]
        VARIANCES[self.variance]
        if self.schedule.zero_terminal_snr and not info.from_noise_alone:
            able = [repr(one.name) for one in PARAMETERIZATIONS.values() if one.from_noise_alone]
            raise ValueError(
                f"a network that predicts {info.name!r} says nothing of x_0 where ᾱ_T is 0 (zero "
                f"terminal SNR); predict {', '.join(able[:-1])} or {able[-1]}"
            )

    @property
    def learned(self) -> bool:
        """Whether the network's output carries the variance in its second half of channels."""
        return VARIANCES[self.variance].learned

    def q_sample(self, x0: Tensor, index: Index, noise: Tensor) -> Tensor:
        """x_t ~ q(x_t|x_0) = N(√ᾱ_t x_0, (1−ᾱ_t) I) [DDPM eq. 4], in float32 or better."""
        s = self.schedule
        return (
            at(s.sqrt_alphas_cumprod, index, x0) * x0
            + at(s.sqrt_one_minus_alphas_cumprod, index, x0) * noise
        )

    def q_posterior_mean(self, x0: Tensor, x_t: Tensor, index: Index) -> Tensor:
        """μ̃_t(x_t, x_0) [DDPM eq. 7]."""
        s = self.schedule
        return (
            at(s.posterior_mean_coef_x0, index, x_t) * x0
            + at(s.posterior_mean_coef_x_t, index, x_t) * x_t
        )

    def target(self, x0: Tensor, x_t: Tensor, index: Index, noise: Tensor) -> Tensor:
        """What the network should predict, in its parameterisation."""
        s = self.schedule
        match self.parameterization:
            case "eps":
                return noise
            case "x0":
                return x0
            case "mu":
                return self.q_posterior_mean(x0, x_t, index)
            case "v":
                return (
                    at(s.sqrt_alphas_cumprod, index, x0) * noise
                    - at(s.sqrt_one_minus_alphas_cumprod, index, x0) * x0
                )
        raise NotImplementedError(self.parameterization)

    def x0_from_eps(self, x_t: Tensor, index: Index, eps: Tensor) -> Tensor:
        """x̂_0 = (x_t − √(1−ᾱ_t) ε)/√ᾱ_t [DDPM eq. 15]."""
        s = self.schedule
        return (
            at(s.sqrt_recip_alphas_cumprod, index, x_t) * x_t
            - at(s.sqrt_recipm1_alphas_cumprod, index, x_t) * eps
        )

    def eps_from_x0(self, x_t: Tensor, index: Index, x0: Tensor) -> Tensor:
        """The ε that leads from x_0 to x_t."""
        s = self.schedule
        return (x_t - at(s.sqrt_alphas_cumprod, index, x_t) * x0) / at(
            s.sqrt_one_minus_alphas_cumprod, index, x_t
        )

    def x0_from_prediction(self, x_t: Tensor, index: Index, prediction: Tensor) -> Tensor:
        """x̂_0 from the network's output without its variance half, not clipped."""
        s = self.schedule
        match self.parameterization:
            case "eps":
                return self.x0_from_eps(x_t, index, prediction)
            case "x0":
                return prediction
            case "mu":
                return (prediction - at(s.posterior_mean_coef_x_t, index, x_t) * x_t) / at(
                    s.posterior_mean_coef_x0, index, x_t
                )
            case "v":
                return (
                    at(s.sqrt_alphas_cumprod, index, x_t) * x_t
                    - at(s.sqrt_one_minus_alphas_cumprod, index, x_t) * prediction
                )
        raise NotImplementedError(self.parameterization)

    def split(self, output: Tensor, x_t: Tensor) -> tuple[Tensor, Tensor | None]:
        """Part the network's output into the prediction and, if learned, the variance half.

        Raises:
            ValueError: if the number of channels does not fit.
        """
        channels = x_t.shape[1] * (2 if self.learned else 1)
        if output.shape[1] != channels:
            raise ValueError(
                f"variance {self.variance!r} needs {channels} output channels, "
                f"the network has {output.shape[1]}"
            )
        if not self.learned:
            return output, None
        prediction, v = output.chunk(2, dim=1)
        return prediction, v

    def log_variance(self, index: Index, v: Tensor | None, like: Tensor) -> Tensor | float:
        """log Σ_θ; ``v`` is the network's variance half, in [−1, 1] for learned_range."""
        s = self.schedule
        if v is not None:
            if self.variance == "learned":
                return v.to(like.dtype)
            low = at(s.posterior_log_variance_clipped, index, like)
            high = at(s.log_betas, index, like)
            fraction = (v.to(like.dtype) + 1) / 2
            return fraction * high + (1 - fraction) * low
        table = (
            s.fixed_large_log_variance
            if self.variance == "fixed_large"
            else s.posterior_log_variance_clipped
        )
        return at(table, index, like)

    def posterior_log_variance(self, index: Index, like: Tensor) -> Tensor | float:
        """log β̃_t of q(x_{t−1}|x_t, x_0), with β̃_2 at t = 1."""
        return at(self.schedule.posterior_log_variance_clipped, index, like)

    def p_mean_variance(self, model: Denoiser, x_t: Tensor, index: Index) -> Reverse:
        """p_θ(x_{t−1}|x_t) [DDPM eq. 1, 11]: one evaluation of the network."""
        return self.reverse(model(x_t, self.labels(x_t, index)), x_t, index)

    def reverse(self, output: Tensor, x_t: Tensor, index: Index) -> Reverse:
        """p_θ(x_{t−1}|x_t) from the network's output, in the precision of x_t."""
        prediction, v = self.split(output, x_t)
        x0_hat = self.x0_from_prediction(x_t, index, prediction.to(x_t.dtype))
        if self.clip_x0:
            x0_hat = x0_hat.clamp(-1, 1)
        return Reverse(
            self.q_posterior_mean(x0_hat, x_t, index),
            self.log_variance(index, v, x_t),
            x0_hat,
            self.eps_from_x0(x_t, index, x0_hat),
        )

    def labels(self, x_t: Tensor, index: Index) -> Tensor:
        """The integer labels that the network sees, shape (N,)."""
        if isinstance(index, int):
            label = int(self.schedule.timesteps[index])
            return torch.full((len(x_t),), label, dtype=torch.long, device=x_t.device)
        timesteps = self.schedule.timesteps
        return _on_device(timesteps, index.device, timesteps.dtype)[index]


def at(table: Tensor, index: Index, like: Tensor) -> Tensor | float:
    """Look up a float64 table: a number for an int, else shape (N, 1, 1, 1) for ``like``."""
    if isinstance(index, int):
        return float(table[index])
    values = _on_device(table, index.device, like.dtype)[index]
    return values.reshape(-1, *([1] * (like.ndim - 1)))


def per_picture(values: Tensor, like: Tensor) -> Tensor:
    """One value a picture, shape (N,), as (N, 1, 1, 1) of the type of ``like`` and beside it."""
    return values.to(device=like.device, dtype=like.dtype).reshape(-1, 1, 1, 1)


# Kept, since a copy to the device in each step would wait for it, and as long as its table is:
# a recorded step reads it without being seen here.
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


def std_of(log_variance: Tensor | float) -> Tensor | float:
    """σ from log σ²."""
    if isinstance(log_variance, Tensor):
        return (0.5 * log_variance).exp()
    return math.exp(0.5 * log_variance)
