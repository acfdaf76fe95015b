"""Run any sampler of the table by its entry: timestep grid, options, and sampling down to x_0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers.frame import Frames
from ddpm_studio.engine.samplers.grid import start_timestep
from ddpm_studio.engine.schedules.schedule import NoiseSchedule
from ddpm_studio.engine.tables.entry import import_object
from ddpm_studio.engine.tables.samplers import ETA, SamplerInfo


class Sampler(Protocol):
    """Signature of a sampler: from x_t at the last timestep of the process's schedule to x_0.

    A sampler takes its options as keyword arguments.
    """

    def __call__(
        self, process: DiffusionProcess, model: Denoiser, x_t: Tensor, noise: PictureNoise, /
    ) -> Frames:
        """Yield Frames and return x_0."""
        ...


def timestep_grid(
    sampler: SamplerInfo,
    schedule: NoiseSchedule,
    steps: int | Tensor | None = None,
    t: int | None = None,
    through: int = 0,
) -> Tensor:
    """Return the timestep grid of a sampler from t to 0.

    Args:
        sampler: the sampler.
        schedule: the whole schedule.
        steps: number of timesteps, 1..t; None: the sampler's default, at most t. Or the timesteps
            themselves: ascending indices, such as those of
            :func:`ddpm_studio.engine.samplers.grid.space_timesteps`; t is then the last one plus 1.
        t: timestep to start from, 1..T; None: T.
        through: a t that is added to the grid, 1..t; 0: none.

    Returns:
        Indices of the schedule, ascending, the last t − 1.

    Raises:
        ValueError: if ``steps``, ``t`` or ``through`` is out of range, or t does not match the
            given timesteps.
    """
    if isinstance(steps, torch.Tensor):
        start = start_timestep(steps, schedule.T)
        if t not in (None, start):
            raise ValueError(f"timesteps up to {start - 1} start at t = {start}, not {t}")
        t = start
    t = schedule.T if t is None else t
    if not 0 <= through <= t:
        raise ValueError(f"the t to go through must be 0..{t}, not {through}")
    if steps is None:
        steps = max(1, min(sampler.default_steps or t, t))
    indices: Tensor = (
        steps
        if isinstance(steps, torch.Tensor)
        else import_object(sampler.grid)(schedule, steps, t)
    )
    return (
        torch.unique(torch.cat([indices, indices.new_tensor([through - 1])]))
        if through
        else indices
    )


def run_sampler(
    sampler: SamplerInfo,
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    steps: int | Tensor | None = None,
    eta: float = ETA.default,
    t: int | None = None,
    through: int = 0,
    **options: float,
) -> Frames:
    """Sample x_0 from x_t at t with a sampler of the table.

    Args:
        sampler: the sampler.
        process: the diffusion process, over the whole schedule.
        model: the network.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: one stream per picture.
        steps: see :func:`timestep_grid`.
        eta: η, 0..1, for a sampler with ``uses_eta``.
        t: timestep of ``x_t``, 1..T; None: T.
        through: see :func:`timestep_grid`.
        options: the sampler's further options; defaults where not given.

    Returns:
        The sampler's generator of Frames, which returns x_0.

    Raises:
        ValueError: if ``steps``, ``t``, ``through`` or an option is out of range, or the
            sampler does not have such an option.
    """
    if eta != ETA.default:
        options[ETA.name] = eta
    option_values = sampler.option_values(options)
    schedule = process.schedule
    indices = timestep_grid(sampler, schedule, steps, t, through)
    sample: Callable[..., Frames] = partial(sampler.load(), **option_values)
    if sampler.adaptive:
        sample = partial(sample, frame_indices=indices.tolist())
        indices = torch.arange(int(indices[-1]) + 1)
    return sample(replace(process, schedule=schedule.keep(indices)), model, x_t, noise)
