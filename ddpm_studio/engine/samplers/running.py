"""Run any sampler of the table: its timesteps, its options, and the walk to x_0."""

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
from ddpm_studio.engine.samplers.grid import start_of
from ddpm_studio.engine.schedules.schedule import NoiseSchedule
from ddpm_studio.engine.tables.entry import imported
from ddpm_studio.engine.tables.samplers import ETA, SamplerInfo


class Walk(Protocol):
    """The code of a sampler: from x_t at the last timestep of the process's schedule to x_0.

    It takes its options as keyword arguments.
    """

    def __call__(
        self, process: DiffusionProcess, model: Denoiser, x_t: Tensor, noise: PictureNoise, /
    ) -> Frames:
        """Yield Frames and return x_0."""
        ...


def kept_timesteps(
    sampler: SamplerInfo,
    schedule: NoiseSchedule,
    steps: int | Tensor | None = None,
    t: int | None = None,
    through: int = 0,
) -> Tensor:
    """Return which timesteps a sampler keeps on the way from t to 0.

    Args:
        sampler: which.
        schedule: the whole one.
        steps: how many, 1..t; the default if None, at most t. Or which ones: ascending
            indices, such as those of :func:`ddpm_studio.engine.samplers.grid.sectioned`; t is
            then 1 more than the last.
        t: where to start, 1..T; T if None.
        through: a t that must be among them, 1..t; 0: none.

    Returns:
        Indices of the schedule, ascending, the last t − 1.

    Raises:
        ValueError: if ``steps``, ``t`` or ``through`` is out of range, or t does not fit the
            timesteps that are given.
    """
    if isinstance(steps, torch.Tensor):
        start = start_of(steps, schedule.T)
        if t not in (None, start):
            raise ValueError(f"timesteps up to {start - 1} start at t = {start}, not {t}")
        t = start
    t = schedule.T if t is None else t
    if not 0 <= through <= t:
        raise ValueError(f"the t to go through must be 0..{t}, not {through}")
    if steps is None:
        steps = max(1, min(sampler.default_steps or t, t))
    kept: Tensor = (
        steps if isinstance(steps, torch.Tensor) else imported(sampler.grid)(schedule, steps, t)
    )
    return torch.unique(torch.cat([kept, kept.new_tensor([through - 1])])) if through else kept


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
    """Walk from x_t at t to x_0 with a sampler.

    Args:
        sampler: which.
        process: over the whole schedule.
        model: the network.
        x_t: where to start, shape (N, C, H, W).
        noise: one stream a picture.
        steps: see :func:`kept_timesteps`.
        eta: 0..1, where ``uses_eta``.
        t: where to start, 1..T; T if None.
        through: see :func:`kept_timesteps`.
        options: others that the sampler takes; their defaults if not named.

    Raises:
        ValueError: if ``steps``, ``t``, ``through`` or an option is out of range, or the
            sampler takes no such option.
    """
    if eta != ETA.default:
        options[ETA.name] = eta
    chosen = sampler.chosen(options)
    schedule = process.schedule
    kept = kept_timesteps(sampler, schedule, steps, t, through)
    walk: Callable[..., Frames] = partial(sampler.load(), **chosen)
    if sampler.adaptive:
        walk = partial(walk, moments=kept.tolist())
        kept = torch.arange(int(kept[-1]) + 1)
    return walk(replace(process, schedule=schedule.keep(kept)), model, x_t, noise)
