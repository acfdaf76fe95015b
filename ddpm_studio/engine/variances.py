"""Log-variances log σₜ² of the reverse process [DDPM §3.2; IDDPM §3.1].

All functions take the schedule, the index t − 1 (an int, or int64 of shape (N,)), the network's
variance half v of x_t's shape (or None), and x_t itself, shape (N, …). They return a number for an
int index, else a tensor of shape (N, 1, …); of x_t's shape if computed from v.
"""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from ddpm_studio.engine.levels import Coefficient, Index, extract
from ddpm_studio.engine.schedules.schedule import NoiseSchedule


class LogVariance(Protocol):
    """Signature of a log-variance function."""

    def __call__(
        self, schedule: NoiseSchedule, index: Index, v: Tensor | None, like: Tensor, /
    ) -> Coefficient:
        """Return log σₜ²."""
        ...


def fixed_large(
    schedule: NoiseSchedule, index: Index, v: Tensor | None, like: Tensor
) -> Coefficient:
    """Fixed large variance: log βₜ, with log β̃_2 at t = 1 as in the DDPM code."""
    return extract(schedule.fixed_large_log_variance, index, like)


def fixed_small(
    schedule: NoiseSchedule, index: Index, v: Tensor | None, like: Tensor
) -> Coefficient:
    """Fixed small variance: log β̃ₜ, with log β̃_2 at t = 1."""
    return extract(schedule.posterior_log_variance_clipped, index, like)


def learned(schedule: NoiseSchedule, index: Index, v: Tensor | None, like: Tensor) -> Coefficient:
    """Learned variance: the network's output v is the log-variance itself.

    Raises:
        ValueError: without v.
    """
    return _half(v, like)


def learned_range(
    schedule: NoiseSchedule, index: Index, v: Tensor | None, like: Tensor
) -> Coefficient:
    """Learned range: interpolate between log β̃ₜ (v = −1) and log βₜ (v = 1) [IDDPM eq. 15].

    Raises:
        ValueError: without v.
    """
    low = extract(schedule.posterior_log_variance_clipped, index, like)
    high = extract(schedule.log_betas, index, like)
    fraction = (_half(v, like) + 1) / 2
    return fraction * high + (1 - fraction) * low


def _half(v: Tensor | None, like: Tensor) -> Tensor:
    if v is None:
        raise ValueError("a learned variance needs the second half of the network's channels")
    return v.to(like.dtype)
