"""Consistency function: f(x, 0) = x in every parameterisation, the exact f on Gaussian data."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise
from ddpm_studio.engine.consistency.function import (
    check_consistency_tunable,
    consistency,
    sigma_boundary,
)
from ddpm_studio.engine.samplers import SAMPLERS
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from tests.engine.consistency.exact import CONTINUOUS, LABELLED, ExactStudent, exact
from tests.engine.gaussian import alphas_cumprod, impulses
from tests.engine.walking import finish

LINEAR = NoiseSchedule.linear()
S = 0.5


def anything(x: Tensor, told: Tensor) -> Tensor:
    """Return a prediction of magnitude about 1 that is unrelated to the data."""
    return torch.cos(3 * x.roll(1, -1)) + 0.3


@pytest.mark.parametrize("parameterization", LABELLED)
def test_of_a_picture_without_noise_it_is_that_picture_by_label(parameterization: str) -> None:
    # σ of 1e-3, 1e-4, 1e-5 at t = 1.
    x0 = torch.linspace(-1, 1, 16, dtype=torch.float64).reshape(1, 1, 4, 4)
    away = []
    for sigma in (1e-3, 1e-4, 1e-5):
        schedule = NoiseSchedule.from_betas([sigma**2 / (1 + sigma**2), 0.5])
        process = DiffusionProcess(schedule, parameterization)
        f = consistency(process, anything, process.q_sample(x0, 0, torch.ones_like(x0)), 0)
        away.append(float((f - x0).abs().max()))
    # The error falls at least linearly in σ, so that none is left at 0.
    assert away[1] < 0.11 * away[0]
    assert away[2] < 0.11 * away[1]
    assert away[2] < 5e-5


@pytest.mark.parametrize("parameterization", CONTINUOUS)
def test_of_a_picture_without_noise_it_is_that_picture(parameterization: str) -> None:
    process = DiffusionProcess(NoiseSchedule.named(parameterization, 100), parameterization)
    x0 = torch.linspace(-1, 1, 16, dtype=torch.float64).reshape(1, 1, 4, 4)
    away = []
    for sigma in (1e-3, 1e-5):
        level = torch.tensor([sigma], dtype=torch.float64)
        f = consistency(process, anything, process.q_sample(x0, level, torch.ones_like(x0)), level)
        away.append(float((f - x0).abs().max()))
    assert away[1] < 0.011 * away[0]
    assert away[1] < 5e-5


def test_only_who_needs_it_is_mixed_with_what_is_shown() -> None:
    forms = {name: DiffusionProcess(LINEAR, name).form for name in (*LABELLED, *CONTINUOUS)}
    assert [name for name, form in forms.items() if sigma_boundary(form)] == ["x0"]


@pytest.mark.parametrize("parameterization", LABELLED)
def test_exact_function_by_label(parameterization: str) -> None:
    process = DiffusionProcess(LINEAR, parameterization)
    x_t = torch.randn(5, 1, 4, 4, dtype=torch.float64, generator=torch.manual_seed(0))
    index = torch.tensor([0, 3, 200, 700, 999])
    a = torch.from_numpy(alphas_cumprod())[index].reshape(-1, 1, 1, 1)
    f = consistency(process, ExactStudent(parameterization, S), x_t, index)
    torch.testing.assert_close(f, exact(x_t / a.sqrt(), ((1 - a) / a).sqrt(), S))


@pytest.mark.parametrize("parameterization", CONTINUOUS)
def test_exact_function_at_any_sigma(parameterization: str) -> None:
    process = DiffusionProcess(NoiseSchedule.named(parameterization, 100), parameterization)
    sigma = torch.tensor([1e-3, 0.03, 0.8, 40.0], dtype=torch.float64)
    noisy = torch.randn(4, 1, 4, 4, dtype=torch.float64, generator=torch.manual_seed(0))
    wide = sigma.reshape(-1, 1, 1, 1)
    x_t = noisy / (1 + wide**2).sqrt()
    f = consistency(process, ExactStudent(parameterization, S), x_t, sigma)
    torch.testing.assert_close(f, exact(noisy, wide, S), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("parameterization", LABELLED)
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_few_steps_of_the_exact_function_draw_the_exact_distribution(
    parameterization: str, steps: int
) -> None:
    """A linear sampler's output variance is the sum of its squared impulse responses."""
    model = ExactStudent(parameterization, S)
    process = DiffusionProcess(LINEAR, parameterization, clip_x0=False)
    walk = run_sampler(SAMPLERS["consistency"], process, model, *impulses(steps - 1), steps)
    out, frames = finish(walk)
    assert model.calls == steps
    assert len(frames) == steps + 1
    # x_T ~ N(0, 1), where q has a variance of 1 − (1 − s²)ᾱ_T.
    assert float(out.square().sum()) == pytest.approx(S**2, rel=4e-5)


def test_levels_of_few_steps() -> None:
    """The last of two steps starts at σ = .8, as published; more steps are a factor of 4 apart."""
    from ddpm_studio.engine.samplers.grid import consistency as grid

    sigmas = LINEAR.sigmas
    assert grid(LINEAR, 1).tolist() == [999]
    for steps, wanted in {2: [0.8], 3: [0.4, 1.6], 4: [0.2, 0.8, 3.2]}.items():
        kept = grid(LINEAR, steps)
        assert kept[-1] == 999
        torch.testing.assert_close(
            sigmas[kept[:-1]], torch.tensor(wanted, dtype=torch.float64), rtol=0.01, atol=0
        )
    # For a small starting t: the nearest timesteps available below it.
    assert grid(LINEAR, 2, 5).tolist() == [3, 4]
    assert grid(LINEAR, 4, 4).tolist() == [0, 1, 2, 3]


def test_what_can_t_be_tuned_is_refused() -> None:
    with pytest.raises(ValueError, match="predicts the mean of the step"):
        check_consistency_tunable(DiffusionProcess(LINEAR, "mu"))
    zero = DiffusionProcess(LINEAR.with_zero_terminal_snr(), "v")
    with pytest.raises(ValueError, match="zero terminal SNR"):
        check_consistency_tunable(zero)
    noise = PictureNoise(0, [0], "cpu")
    with pytest.raises(ValueError, match="predicts the mean of the step"):
        finish(
            run_sampler(
                SAMPLERS["consistency"],
                DiffusionProcess(LINEAR, "mu"),
                anything,
                torch.ones(1, 1, 4, 4),
                noise,
            )
        )
