"""Which timesteps to keep on the way from t to 0."""

from __future__ import annotations

import torch

from ddpm_studio.engine.schedule import NoiseSchedule


def uniform(schedule: NoiseSchedule, steps: int, t: int | None = None) -> NoiseSchedule:
    """Keep timesteps evenly spaced in t, both ends included [IDDPM §4].

    Raises:
        ValueError: if ``steps`` or ``t`` is out of range.
    """
    return schedule.strided(steps, t)


def karras(
    schedule: NoiseSchedule, steps: int, t: int | None = None, rho: float = 7.0
) -> NoiseSchedule:
    """Keep the timesteps nearest to EDM's σ-grid, both ends included [EDM eq. 5].

    σ = √((1−ᾱ)/ᾱ). Each σ is moved to one that the network was trained at, so that its
    integer label is exact; where the grid is finer than the schedule, neighbours move apart.

    Raises:
        ValueError: if ``steps`` or ``t`` is out of range.
    """
    t = schedule.T if t is None else t
    if steps < 3 or not 1 <= t <= schedule.T or steps > t:
        return schedule.strided(steps, t)
    sigmas = schedule.sigmas[:t]
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    low, high = float(sigmas[0]) ** (1 / rho), float(sigmas[-1]) ** (1 / rho)
    grid = (low + ramp * (high - low)) ** rho
    kept = (sigmas[None] - grid[:, None]).abs().argmin(1)
    places = torch.arange(steps)
    # Strictly ascending from below, then no higher than what leaves room above.
    kept = (kept - places).cummax(0).values + places
    kept = torch.minimum(kept, t - steps + places)
    return schedule.keep(kept)
