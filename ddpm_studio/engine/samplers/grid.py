"""Timestep grids from t to 0 (respacing): ascending indices of a schedule.

Where ᾱ_T = 0, σ and λ are infinite at T: a grid in σ or λ then covers 1..T − 1, and T is added.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from ddpm_studio.engine.schedules.schedule import NoiseSchedule, check_timestep_indices
from ddpm_studio.engine.tables.respacing import Respacing

# σ at which the second of two steps of a few-step student starts, and the ratio of several.
_MIDDLE_SIGMA, _SIGMA_RATIO = 0.8, 4.0


def uniform(schedule: NoiseSchedule, steps: int, t: int | None = None) -> Tensor:
    """Uniform grid: timesteps evenly spaced in t, both ends included [IDDPM §4].

    Raises:
        ValueError: if ``steps`` or ``t`` is out of range.
    """
    return schedule.even_indices(steps, t)


def log_snr(schedule: NoiseSchedule, steps: int, t: int | None = None) -> Tensor:
    """Log-SNR grid: the timesteps nearest to an even grid in λ = −log σ, both ends included.

    [Lu et al. 2022]

    Raises:
        ValueError: if ``steps`` or ``t`` is out of range.
    """
    even_indices = schedule.even_indices(steps, t)
    if steps < 3:
        return even_indices
    if schedule.zero_terminal_snr and int(even_indices[-1]) == schedule.T - 1:
        return torch.cat([log_snr(schedule, steps - 1, schedule.T - 1), even_indices[-1:]])
    log_sigmas = schedule.log_sigmas[: int(even_indices[-1]) + 1]
    ends = float(log_sigmas[0]), float(log_sigmas[-1])
    return _nearest(log_sigmas, torch.linspace(*ends, steps, dtype=torch.float64))


def karras(schedule: NoiseSchedule, steps: int, t: int | None = None, rho: float = 7.0) -> Tensor:
    """Karras grid: the timesteps nearest to EDM's σ-grid, both ends included [EDM eq. 5].

    Raises:
        ValueError: if ``steps`` or ``t`` is out of range.
    """
    even_indices = schedule.even_indices(steps, t)
    if steps < 3:
        return even_indices
    if schedule.zero_terminal_snr and int(even_indices[-1]) == schedule.T - 1:
        return torch.cat([karras(schedule, steps - 1, schedule.T - 1, rho), even_indices[-1:]])
    sigmas = schedule.sigmas[: int(even_indices[-1]) + 1]
    ends = float(sigmas[0]) ** (1 / rho), float(sigmas[-1]) ** (1 / rho)
    return _nearest(sigmas, torch.linspace(*ends, steps, dtype=torch.float64) ** rho)


def consistency(schedule: NoiseSchedule, steps: int, t: int | None = None) -> Tensor:
    """Grid of a few-step student: t, and the timesteps nearest to where it adds new noise.

    With two steps that is σ = .8, as published for CIFAR-10 [Geng et al. 2024]; with more they are
    around it, a factor of 4 apart: .4 and 1.6; .2, .8 and 3.2; …

    Raises:
        ValueError: if ``steps`` or ``t`` is out of range.
    """
    even_indices = schedule.even_indices(steps, t)
    if steps < 2:
        return even_indices
    offsets = torch.arange(steps - 1, dtype=torch.float64) - (steps - 2) / 2
    targets = math.log(_MIDDLE_SIGMA) + offsets * math.log(_SIGMA_RATIO)
    lower = _nearest(schedule.log_sigmas[: int(even_indices[-1])], targets)
    return torch.cat([lower, even_indices[-1:]])


def space_timesteps(T: int, sections: str) -> Tensor:
    """Timestep respacing as in OpenAI's code, for T of a whole schedule [IDDPM code].

    "10,15,20" splits 0..T−1 into three sections as equal as possible, the longer ones first, and
    keeps that many timesteps of each, both of its ends included. "ddim50" keeps 50 with an integer
    stride from 0, which may stop short of T − 1.

    Args:
        T: number of timesteps.
        sections: number of timesteps to keep in each section, or "ddim" and a number.

    Returns:
        Indices, ascending, int64.

    Raises:
        ValueError: for any other text, or if that many can't be kept.
    """
    respacing = Respacing.parse(sections)
    if respacing.by_stride:
        return torch.arange(0, T, _integer_stride(T, respacing.steps))
    counts = respacing.counts
    indices, start = [], 0
    for section, count in enumerate(counts):
        size = T // len(counts) + (section < T % len(counts))
        if count > size:
            raise ValueError(
                f"section {section + 1} of {len(counts)} has {size} of the timesteps, "
                f"not {count} to keep"
            )
        stride = (size - 1) / (count - 1) if count > 1 else 1.0
        # Accumulated and rounded half to even as in OpenAI's code: near halves any other order of
        # operations could give another timestep.
        positions = itertools.accumulate(itertools.repeat(stride, count - 1), initial=0.0)
        indices += [start + round(position) for position in positions] if count else []
        start += size
    return torch.tensor(indices)


def start_timestep(indices: Tensor, T: int) -> int:
    """Return the t at which a trajectory over given timesteps starts: the last index plus 1.

    Raises:
        ValueError: if they are not int64 indices of shape (steps,), ascending within 0..T−1.
    """
    check_timestep_indices(indices, T)
    return int(indices[-1]) + 1


def _integer_stride(T: int, count: int) -> int:
    """Return the smallest stride below T with which exactly ``count`` of 0..T−1 are kept."""
    counts = {stride: -(-T // stride) for stride in range(1, T)}
    for stride, kept in counts.items():
        if kept == count:
            return stride
    nearest = sorted(set(counts.values()), key=lambda kept: abs(kept - count))[:2]
    possible = f"; {' or '.join(map(str, nearest))} can be kept" if nearest else ""
    raise ValueError(f"no whole stride keeps {count} of {T} timesteps{possible}")


def _nearest(table: Tensor, targets: Tensor) -> Tensor:
    """Indices of the entries nearest to an ascending grid; duplicates move to neighbours.

    The grid is rounded to noise levels that the network was trained at.
    """
    offsets = torch.arange(len(targets))
    nearest = (table[None] - targets[:, None]).abs().argmin(1)
    # Make strictly ascending from below, then leave room for the remaining entries above.
    ascending = (nearest - offsets).cummax(0).values + offsets
    return torch.minimum(ascending, len(table) - len(targets) + offsets)
