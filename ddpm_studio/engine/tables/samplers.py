"""All samplers under one signature, to be listed and called alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers import grid
from ddpm_studio.engine.samplers.ancestral import ancestral
from ddpm_studio.engine.samplers.ddim import ddim
from ddpm_studio.engine.samplers.dpm_solver import dpm_solver
from ddpm_studio.engine.samplers.edm import euler, heun
from ddpm_studio.engine.samplers.flow import probability_flow
from ddpm_studio.engine.samplers.frame import Frames
from ddpm_studio.engine.samplers.sde import annealed_langevin, euler_maruyama, predictor_corrector
from ddpm_studio.engine.schedules.schedule import NoiseSchedule

Grid = Callable[[NoiseSchedule, int, int | None], Tensor]


class Walk(Protocol):
    """Any sampler: from x_t at the last timestep of the process's schedule to x_0."""

    def __call__(
        self, process: DiffusionProcess, model: Denoiser, x_t: Tensor, noise: PictureNoise, /
    ) -> Frames:
        """Yield Frames and return x_0."""
        ...


@dataclass(frozen=True)
class SamplerInfo:
    """What one sampler is, and how to call it.

    Args:
        name: short, as in requests and recipes.
        title: for people.
        walk: the sampler over the timesteps that it is given.
        deterministic: x_0 is a function of x_T (with η = 0).
        default_steps: None: all T.
        evaluations: of the network in each step, about; 0: it depends.
        uses_eta: takes η; at 0 it is deterministic, above it draws noise.
        grid: which timesteps it keeps.
        adaptive: chooses its own steps; ``steps`` are then the moments to show.
    """

    name: str
    title: str
    walk: Walk
    deterministic: bool
    default_steps: int | None = None
    evaluations: int = 1
    uses_eta: bool = False
    grid: Grid = grid.uniform
    adaptive: bool = False

    def indices(
        self,
        schedule: NoiseSchedule,
        steps: int | None = None,
        t: int | None = None,
        through: int = 0,
    ) -> Tensor:
        """Return which timesteps the sampler keeps on the way from t to 0.

        Args:
            schedule: the whole one.
            steps: 1..t; the default if None, at most t.
            t: where to start, 1..T; T if None.
            through: a t that must be among them, 1..t; 0: none.

        Returns:
            Indices of the schedule, ascending, the last t − 1.

        Raises:
            ValueError: if ``steps``, ``t`` or ``through`` is out of range.
        """
        t = schedule.T if t is None else t
        if not 0 <= through <= t:
            raise ValueError(f"the t to go through must be 0..{t}, not {through}")
        if steps is None:
            steps = max(1, min(self.default_steps or t, t))
        kept = self.grid(schedule, steps, t)
        return torch.unique(torch.cat([kept, kept.new_tensor([through - 1])])) if through else kept

    def run(
        self,
        process: DiffusionProcess,
        model: Denoiser,
        x_t: Tensor,
        noise: PictureNoise,
        steps: int | None = None,
        eta: float = 0.0,
        t: int | None = None,
        through: int = 0,
    ) -> Frames:
        """Walk from x_t at t to x_0.

        Args:
            process: over the whole schedule.
            model: the network.
            x_t: where to start, shape (N, C, H, W).
            noise: one stream a picture.
            steps: see :meth:`indices`.
            eta: 0..1, where ``uses_eta``.
            t: where to start, 1..T; T if None.
            through: see :meth:`indices`.

        Raises:
            ValueError: if ``steps``, ``t``, ``through`` or ``eta`` is out of range.
        """
        if not 0 <= eta <= 1:
            raise ValueError(f"eta must be 0..1, not {eta}")
        if eta and not self.uses_eta:
            raise ValueError(f"the sampler {self.name!r} has no eta")
        schedule = process.schedule
        kept = self.indices(schedule, steps, t, through)
        walk: Callable[..., Frames] = self.walk
        if self.uses_eta:
            walk = partial(walk, eta=eta)
        if self.adaptive:
            walk = partial(walk, moments=kept.tolist())
            kept = torch.arange(int(kept[-1]) + 1)
        return walk(replace(process, schedule=schedule.keep(kept)), model, x_t, noise)


def _dpm(name: str, title: str, **options: object) -> SamplerInfo:
    walk: Walk = partial(dpm_solver, **options)  # type: ignore[arg-type]
    return SamplerInfo(name, title, walk, not options.get("sde"), 25, grid=grid.log_snr)


_ALL = (
    SamplerInfo("ddpm", "DDPM (ancestral)", ancestral, False),
    SamplerInfo("ddim", "DDIM", ddim, True, 50, uses_eta=True),
    _dpm("dpm++2m", "DPM-Solver++ 2M", order=2),
    _dpm("dpm++2m-sde", "DPM-Solver++ 2M SDE", order=2, sde=True),
    _dpm("dpm++1", "DPM-Solver++ order 1", order=1),
    _dpm("dpm++1-sde", "DPM-Solver++ order 1 SDE", order=1, sde=True),
    SamplerInfo("heun", "Heun (EDM)", heun, True, 18, 2, grid=grid.karras),
    SamplerInfo("euler", "Euler (EDM)", euler, True, 35, grid=grid.karras),
    SamplerInfo("sde", "Reverse SDE (Euler–Maruyama)", euler_maruyama, False),
    SamplerInfo("pc", "Predictor–corrector", predictor_corrector, False, None, 2),
    SamplerInfo("ode", "Probability flow (adaptive)", probability_flow, True, 50, 0, adaptive=True),
    SamplerInfo(
        "langevin", "Annealed Langevin", annealed_langevin, False, 200, 5, grid=grid.log_snr
    ),
)

SAMPLERS: dict[str, SamplerInfo] = {info.name: info for info in _ALL}
