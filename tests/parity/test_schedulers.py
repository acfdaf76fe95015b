"""Parity of our samplers with diffusers' schedulers, step by step along the trajectory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    UniPCMultistepScheduler,
)
from diffusers.schedulers.scheduling_ddim import rescale_zero_terminal_snr
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise, ancestral, ddim
from ddpm_studio.engine.samplers import Frames, dpm_solver, unipc
from tests.engine.gaussian import TwoHills, alphas_cumprod

Case = tuple[torch.dtype, bool, float]

LINEAR = NoiseSchedule.linear()
NAMES = {"eps": "epsilon", "x0": "sample", "v": "v_prediction"}
BETAS = {"beta_start": 1e-4, "beta_end": 0.02, "beta_schedule": "linear"}
# Dtype of the pictures, whether the scheduler's tables are replaced by float64 ones, and the
# tolerance. Its own float32 tables cause larger differences than rounding does.
CASES = [
    pytest.param((torch.float64, True, 1e-10), id="float64"),
    pytest.param((torch.float32, True, 1e-5), id="float32"),
    pytest.param((torch.float32, False, 1e-4), id="their-tables"),
]
DOUBLE: Case = (torch.float64, True, 1e-10)


class SharedNoise(PictureNoise):
    """Noise from one generator for the whole batch, as in diffusers' pipelines."""

    def __init__(self, dtype: torch.dtype, count: int = 2) -> None:
        super().__init__(0, range(count), "cpu")
        self.generator, self.dtype = torch.Generator().manual_seed(5), dtype

    def draw(self, shape: Sequence[int]) -> Tensor:
        return torch.randn((len(self), *shape), generator=self.generator, dtype=self.dtype)


def start(dtype: torch.dtype) -> Tensor:
    return torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(1), dtype=dtype)


def tables(scheduler: Any, double: bool = True) -> Any:
    if double:
        scheduler.betas = torch.linspace(1e-4, 0.02, 1000, dtype=torch.float64)
        scheduler.alphas = 1 - scheduler.betas
        scheduler.alphas_cumprod = scheduler.alphas.cumprod(0)
    return scheduler


def theirs(scheduler: Any, model: TwoHills, dtype: torch.dtype, **options: Any) -> list[Tensor]:
    x, way = start(dtype), []
    for t in scheduler.timesteps:
        way.append(x)
        output = model(x, t.expand(len(x)))
        if model.variance == "learned":
            # diffusers' "learned" is σ²; in the papers it is log σ².
            output = torch.cat([output[:, :1], output[:, 1:].exp()], 1)
        x = scheduler.step(output, t, x, **options).prev_sample
    return [*way, x]


def compare(frames: Frames, way: list[Tensor], tolerance: float) -> None:
    ours = [frame.x_t for frame in frames]
    assert len(ours) == len(way)
    assert float(way[-1].std()) > 0.04
    for a, b in zip(ours, way, strict=True):
        assert float((a - b).abs().max()) < tolerance


def keep(scheduler: Any) -> NoiseSchedule:
    return LINEAR.keep(torch.as_tensor(scheduler.timesteps).flip(0))


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("steps", [1000, 30, 7])
@pytest.mark.parametrize("variance", ["fixed_small", "fixed_large", "learned_range", "learned"])
def test_ddpm(variance: str, steps: int, case: Case) -> None:
    dtype, double, tolerance = case
    scheduler = tables(DDPMScheduler(**BETAS, variance_type=variance), double)
    scheduler.set_timesteps(steps)
    model, noise = TwoHills(variance=variance), SharedNoise(dtype)
    way = theirs(scheduler, model, dtype, generator=SharedNoise(dtype).generator)
    assert len(way) == steps + 1
    process = DiffusionProcess(keep(scheduler), variance=variance)
    compare(ancestral(process, model, start(dtype), noise), way, tolerance)


def test_ddpm_over_our_own_timesteps() -> None:
    schedule, (dtype, _, tolerance) = LINEAR.strided(37), DOUBLE
    scheduler = tables(DDPMScheduler(**BETAS, variance_type="fixed_large"))
    scheduler.set_timesteps(timesteps=schedule.timesteps.flip(0).tolist())
    way = theirs(scheduler, TwoHills(), dtype, generator=SharedNoise(dtype).generator)
    frames = ancestral(DiffusionProcess(schedule), TwoHills(), start(dtype), SharedNoise(dtype))
    compare(frames, way, tolerance)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("steps", [50, 30, 7])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("clip", [True, False])
def test_ddim(clip: bool, eta: float, steps: int, case: Case) -> None:
    dtype, double, tolerance = case
    scheduler = tables(DDIMScheduler(**BETAS, clip_sample=clip), double)
    scheduler.set_timesteps(steps)
    # Without it, diffusers does not recompute ε̂ from the clipped x̂_0.
    options = {"eta": eta, "use_clipped_model_output": True}
    way = theirs(scheduler, TwoHills(), dtype, generator=SharedNoise(dtype).generator, **options)
    process = DiffusionProcess(keep(scheduler), clip_x0=clip)
    compare(ddim(process, TwoHills(), start(dtype), SharedNoise(dtype), eta), way, tolerance)


@pytest.mark.parametrize("parameterization", ["x0", "v"])
def test_parameterisations(parameterization: str) -> None:
    model, (dtype, _, tolerance) = TwoHills(parameterization), DOUBLE
    name = NAMES[parameterization]
    process = DiffusionProcess(LINEAR, parameterization, "fixed_small")
    scheduler = tables(DDPMScheduler(**BETAS, prediction_type=name))
    way = theirs(scheduler, model, dtype, generator=SharedNoise(dtype).generator)
    compare(ancestral(process, model, start(dtype), SharedNoise(dtype)), way, tolerance)

    scheduler = tables(DDIMScheduler(**BETAS, prediction_type=name))
    scheduler.set_timesteps(30)
    process = DiffusionProcess(keep(scheduler), parameterization)
    way = theirs(scheduler, model, dtype, use_clipped_model_output=True)
    compare(ddim(process, model, start(dtype), SharedNoise(dtype)), way, tolerance)


@pytest.mark.parametrize("parameterization", ["eps", "x0", "v"])
@pytest.mark.parametrize("steps", [15, 50])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("sde", [False, True])
def test_dpm_solver(sde: bool, order: Literal[1, 2], steps: int, parameterization: str) -> None:
    model = TwoHills(parameterization)
    scheduler = DPMSolverMultistepScheduler(
        **BETAS,
        prediction_type=NAMES[parameterization],
        algorithm_type="sde-dpmsolver++" if sde else "dpmsolver++",
        solver_order=order,
        solver_type="midpoint",
        final_sigmas_type="zero",
    )
    schedule = LINEAR.strided(steps)
    scheduler.set_timesteps(timesteps=schedule.timesteps.flip(0).tolist())
    # Its σ are these, up to the rounding of its float32 table.
    exact = np.sqrt(1 / alphas_cumprod() - 1)[schedule.timesteps.flip(0).numpy()]
    np.testing.assert_allclose(scheduler.sigmas[:-1], exact, rtol=2e-3)
    scheduler.sigmas = torch.from_numpy(np.append(exact, 0.0))
    # Its noise and the result of a step are float32 for any input.
    noise = SharedNoise(torch.float32)
    way = theirs(scheduler, model, torch.float64, generator=SharedNoise(torch.float32).generator)
    process = DiffusionProcess(schedule, parameterization, clip_x0=False)
    compare(dpm_solver(process, model, start(torch.float64), noise, order, sde), way, 1e-5)


@pytest.mark.parametrize("parameterization", ["eps", "x0", "v"])
@pytest.mark.parametrize("steps", [3, 10, 15, 50])
def test_dpm_solver_3m(steps: int, parameterization: str) -> None:
    model = TwoHills(parameterization)
    scheduler = DPMSolverMultistepScheduler(
        **BETAS,
        prediction_type=NAMES[parameterization],
        solver_order=3,
        # For the second step, of order 2: the φ weights that the third order uses.
        solver_type="heun",
        final_sigmas_type="zero",
    )
    schedule = LINEAR.strided(steps)
    scheduler.set_timesteps(timesteps=schedule.timesteps.flip(0).tolist())
    exact = np.sqrt(1 / alphas_cumprod() - 1)[schedule.timesteps.flip(0).numpy()]
    scheduler.sigmas = torch.from_numpy(np.append(exact, 0.0))
    way = theirs(scheduler, model, torch.float64)
    process = DiffusionProcess(schedule, parameterization, clip_x0=False)
    noise = SharedNoise(torch.float32)
    compare(dpm_solver(process, model, start(torch.float64), noise, 3), way, 1e-5)


@pytest.mark.parametrize("parameterization", ["eps", "x0", "v"])
@pytest.mark.parametrize("steps", [4, 15, 50])
@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("variant", ["bh1", "bh2"])
def test_unipc(
    variant: Literal["bh1", "bh2"],
    order: Literal[1, 2, 3],
    steps: int,
    parameterization: str,
) -> None:
    model = TwoHills(parameterization)
    scheduler = UniPCMultistepScheduler(
        **BETAS,
        prediction_type=NAMES[parameterization],
        solver_order=order,
        solver_type=variant,
        final_sigmas_type="zero",
    )
    scheduler.set_timesteps(steps)
    schedule = keep(scheduler)
    exact = np.sqrt(1 / alphas_cumprod() - 1)[scheduler.timesteps.numpy()]
    scheduler.sigmas = torch.from_numpy(np.append(exact, 0.0))
    way = theirs(scheduler, model, torch.float64)
    assert len(way) == steps + 1
    process = DiffusionProcess(schedule, parameterization, clip_x0=False)
    if variant == "bh1":
        # diffusers' last step multiplies an infinite h by 0; the limit is x̂_0 of its x_1.
        assert way[-1].isnan().all()
        way[-1] = process.p_mean_variance(model, way[-2], 0).x0_hat
    noise = SharedNoise(torch.float64)
    compare(unipc(process, model, start(torch.float64), noise, order, variant), way, 1e-5)


def test_unipc_without_its_corrector() -> None:
    scheduler = UniPCMultistepScheduler(
        **BETAS, solver_order=3, final_sigmas_type="zero", disable_corrector=list(range(15))
    )
    scheduler.set_timesteps(15)
    exact = np.sqrt(1 / alphas_cumprod() - 1)[scheduler.timesteps.numpy()]
    scheduler.sigmas = torch.from_numpy(np.append(exact, 0.0))
    way = theirs(scheduler, TwoHills(), torch.float64)
    process = DiffusionProcess(keep(scheduler), clip_x0=False)
    noise = SharedNoise(torch.float64)
    walk = unipc(process, TwoHills(), start(torch.float64), noise, corrector=False)
    compare(walk, way, 1e-5)


@pytest.mark.parametrize("parameterization", ["x0", "v"])
def test_zero_terminal_snr(parameterization: str) -> None:
    """Schedules with ᾱ_T = 0 exactly agree, and so do DDIM ("trailing") and ancestral sampling."""
    schedule = LINEAR.with_zero_terminal_snr()
    model, (dtype, _, tolerance) = TwoHills(parameterization), DOUBLE
    model.table = schedule.alphas_cumprod
    exact = rescale_zero_terminal_snr(torch.linspace(1e-4, 0.02, 1000, dtype=dtype))
    np.testing.assert_allclose(schedule.betas.numpy(), exact.numpy(), rtol=1e-9)
    options = {**BETAS, "rescale_betas_zero_snr": True}
    options["prediction_type"] = NAMES[parameterization]

    scheduler = DDIMScheduler(**options, timestep_spacing="trailing")
    scheduler.alphas_cumprod = (1 - exact).cumprod(0)
    scheduler.set_timesteps(20)
    way = theirs(scheduler, model, dtype, use_clipped_model_output=True)
    kept = schedule.keep(torch.as_tensor(scheduler.timesteps).flip(0))
    assert kept.zero_terminal_snr
    process = DiffusionProcess(kept, parameterization)
    compare(ddim(process, model, start(dtype), SharedNoise(dtype)), way, tolerance)

    kept = schedule.strided(20)
    ancestor = DDPMScheduler(**options, variance_type="fixed_large")
    ancestor.betas, ancestor.alphas_cumprod = exact, (1 - exact).cumprod(0)
    ancestor.set_timesteps(timesteps=kept.timesteps.flip(0).tolist())
    way = theirs(ancestor, model, dtype, generator=SharedNoise(dtype).generator)
    process = DiffusionProcess(kept, parameterization)
    compare(ancestral(process, model, start(dtype), SharedNoise(dtype)), way, tolerance)
