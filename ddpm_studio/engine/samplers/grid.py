"""Which timesteps to keep on the way from t to 0: ascending indices of a schedule."""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine.schedules.schedule import NoiseSchedule


def uniform(schedule: NoiseSchedule, steps: int, t: int | None = None) -> Tensor:
    """Keep timesteps evenly spaced in t, both ends included [IDDPM §4].

    Raises:
        ValueError: if ``steps`` or ``t`` is out of range.
    """
    return schedule.evenly(steps, t)


def log_snr(schedule: NoiseSchedule, steps: int, t: int | None = None) -> Tensor:
    """Keep the timesteps nearest to a grid even in λ = −log σ, both ends included [Lu et al. 2022].

    Raises:
        ValueError: if ``steps`` or ``t`` is out of range.
    """
    evenly = schedule.evenly(steps, t)
    if steps < 3:
        return evenly
    log_sigmas = schedule.sigmas[: int(evenly[-1]) + 1].log()
    ends = float(log_sigmas[0]), float(log_sigmas[-1])
    return _nearest(log_sigmas, torch.linspace(*ends, steps, dtype=torch.float64))


def karras(schedule: NoiseSchedule, steps: int, t: int | None = None, rho: float = 7.0) -> Tensor:
    """Keep the timesteps nearest to EDM's σ-grid, both ends included [EDM eq. 5].

    Raises:
        ValueError: if ``steps`` or ``t`` is out of range.
    """
    evenly = schedule.evenly(steps, t)
    if steps < 3:
        return evenly
    sigmas = schedule.sigmas[: int(evenly[-1]) + 1]
    ends = float(sigmas[0]) ** (1 / rho), float(sigmas[-1]) ** (1 / rho)
    return _nearest(sigmas, torch.linspace(*ends, steps, dtype=torch.float64) ** rho)


def _nearest(table: Tensor, wanted: Tensor) -> Tensor:
    """Indices of the entries nearest to a rising grid, each once: neighbours move apart.

    A network knows the noise levels that it was trained at, so each is moved to one of those.
    """
    places = torch.arange(len(wanted))
    nearest = (table[None] - wanted[:, None]).abs().argmin(1)
    # Strictly ascending from below, then no higher than what leaves room above.
    ascending = (nearest - places).cummax(0).values + places
    return torch.minimum(ascending, len(table) - len(wanted) + places)
