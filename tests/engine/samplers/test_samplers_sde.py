"""Stochastic samplers and the probability-flow ODE reproduce Gaussian mean and variance."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise
from ddpm_studio.engine.samplers import (
    SAMPLERS,
    annealed_langevin,
    euler_maruyama,
    predictor_corrector,
    probability_flow,
)
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from tests.engine.gaussian import GaussianDenoiser, alphas_cumprod, impulses
from tests.engine.walking import finish

LINEAR = NoiseSchedule.linear()
MEAN, DATA = 0.3, 0.04


class ShiftedDenoiser(GaussianDenoiser):
    """Optimal predictor of ε for data N(MEAN, DATA)."""

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        a = self.table[t].reshape(-1, 1, 1, 1).to(x.dtype)
        return super().__call__(x - a.sqrt() * MEAN, t).to(x.dtype)


@pytest.mark.parametrize(
    ("name", "steps", "bias"),
    [
        ("ddpm", None, 0.01),
        ("ddim", 250, 0.06),
        ("dpm++2m", 50, 0.02),
        ("dpm++2m-sde", 50, 0.03),
        ("dpm++1", 250, 0.06),
        ("dpm++1-sde", 250, 0.1),
        ("dpm++3m", 50, 0.02),
        ("dpm++3m-sde", 50, 0.03),
        ("unipc", 50, 0.02),
        ("heun", 50, 0.03),
        ("euler", 250, 0.06),
        ("edm-churn", 100, 0.05),
        ("sde", None, 0.02),
        ("pc", 500, 0.06),
        ("ode", None, 0.01),
        ("langevin", None, 0.15),
    ],
)
def test_mean_and_variance(name: str, steps: int | None, bias: float) -> None:
    """Samples have the data's mean and variance, up to the discretisation's known ``bias``."""
    count, size = 8, 32
    noise = PictureNoise(1, range(count), "cpu")
    process = DiffusionProcess(LINEAR, clip_x0=False)
    x = noise.draw((1, size, size))
    out, _ = finish(run_sampler(SAMPLERS[name], process, ShiftedDenoiser(DATA), x, noise, steps))
    n = out.numel()
    assert abs(float(out.mean()) - MEAN) < 5 * math.sqrt(DATA / n) + 0.001
    assert abs(float(out.var()) / DATA - 1) < 5 * math.sqrt(2 / n) + bias


def test_euler_maruyama_is_the_sde_discretised() -> None:
    """The variance is that of the steps x ← (1 + b/2)x − b/√(1−ᾱ)·ε* + √b·z, b = ∫β dt."""
    bars = alphas_cumprod()
    kept = LINEAR.strided(200)
    variance, before = 1.0, np.append(1.0, bars[kept.timesteps])
    for k in range(200, 0, -1):
        b = math.log(before[k - 1] / before[k])
        slope = 1 + b / 2 - b / (before[k] * DATA + 1 - before[k])
        variance = slope**2 * variance + (b if k > 1 else 0)
    process = DiffusionProcess(kept, clip_x0=False)
    out, _ = finish(euler_maruyama(process, GaussianDenoiser(DATA), *impulses(200)))
    assert float(out.square().sum()) == pytest.approx(variance, rel=1e-9)


def test_vp_sde() -> None:
    schedule = NoiseSchedule.vp_sde(1000)
    assert float(schedule.alphas_cumprod[-1]) == pytest.approx(math.exp(-10.05), rel=1e-9)
    assert float(schedule.alphas_cumprod[499]) == pytest.approx(math.exp(-2.5375), rel=1e-9)
    process = DiffusionProcess(schedule, clip_x0=False)
    model = GaussianDenoiser(DATA, schedule.betas.numpy())
    out, _ = finish(euler_maruyama(process, model, *impulses(1000)))
    assert float(out.square().sum()) == pytest.approx(DATA, rel=0.01)


def test_langevin_settles_at_the_variance_of_its_step() -> None:
    """x ← x − ½hσ²x/v + √h·σ·z settles at variance v/(1 − hσ²/4v); then x̂_0 = x·DATA/v."""
    index, step = 400, 0.5
    process = DiffusionProcess(LINEAR.keep(torch.tensor([index])), clip_x0=False)
    walk = annealed_langevin(
        process, GaussianDenoiser(DATA), *impulses(400), repeats=400, step_size=step
    )
    out, _ = finish(walk)
    sigma2 = 1 / alphas_cumprod()[index] - 1
    v = DATA + sigma2
    expected = (DATA / v) ** 2 * v / (1 - step * sigma2 / (4 * v))
    assert float(out.square().sum()) == pytest.approx(expected, rel=1e-6)


def test_langevin_evaluates_once_a_move_and_once_more() -> None:
    model = GaussianDenoiser(DATA)
    noise = PictureNoise(0, range(2), "cpu")
    process = DiffusionProcess(LINEAR.strided(7), clip_x0=False)
    finish(annealed_langevin(process, model, noise.draw((1, 4, 4)), noise, repeats=3))
    assert model.calls == 7 * 3 + 1


def test_corrector_rests_where_its_signal_to_noise_says() -> None:
    """In many dimensions ‖z‖/‖score‖ is √(v²/V), which gives the variance after each correction."""
    steps, snr, corrections, size = 60, 0.16, 3, 96
    kept = LINEAR.strided(steps)
    bars = alphas_cumprod()[kept.timesteps]
    before = np.append(1.0, bars)
    V = 1.0
    for k in range(steps - 1, -1, -1):
        v = bars[k] * DATA + 1 - bars[k]
        beta = 1 - bars[k] / before[k]
        mean = (1 - beta / v) / math.sqrt(1 - beta)
        V = mean**2 * V + (beta if k else 0)
        if k == 0:
            break
        v = bars[k - 1] * DATA + 1 - bars[k - 1]
        alpha = bars[k - 1] / (bars[k - 2] if k > 1 else 1)
        for _ in range(corrections):
            h = 2 * alpha * snr**2 * v**2 / V
            V = (1 - h / v) ** 2 * V + 2 * h
    noise = PictureNoise(2, range(6), "cpu")
    x = noise.draw((1, size, size))
    process = DiffusionProcess(kept, clip_x0=False)
    walk = predictor_corrector(process, ShiftedDenoiser(DATA), x, noise, corrections, snr)
    out, _ = finish(walk)
    assert float(out.var()) == pytest.approx(V, rel=5 * math.sqrt(2 / out.numel()))


def test_without_corrections_the_predictor_is_ancestral() -> None:
    process = DiffusionProcess(LINEAR.strided(40), clip_x0=False)
    model = GaussianDenoiser(DATA)
    out, _ = finish(predictor_corrector(process, model, *impulses(40), corrections=0))
    ancestral, _ = finish(run_sampler(SAMPLERS["ddpm"], process, model, *impulses(40)))
    assert torch.equal(out, ancestral)


@pytest.mark.parametrize("parameterization", ["eps", "x0", "v", "mu"])
def test_the_flow_is_the_same_in_every_parameterisation(parameterization: str) -> None:
    eps = GaussianDenoiser(DATA)

    def model(x: Tensor, t: Tensor) -> Tensor:
        a = eps.table[t].reshape(-1, 1, 1, 1)
        e = eps(x, t)
        x0 = (x - (1 - a).sqrt() * e) / a.sqrt()
        match parameterization:
            case "x0":
                return x0
            case "v":
                return a.sqrt() * e - (1 - a).sqrt() * x0
            case "mu":
                return DiffusionProcess(LINEAR).q_posterior_mean(x0, x, t)
            case _:
                return e

    process = DiffusionProcess(LINEAR, parameterization, clip_x0=False)
    out, _ = finish(probability_flow(process, model, *impulses(0), frame_indices=[999]))
    end, start = DATA + 1e-4 / (1 - 1e-4), alphas_cumprod()[-1] * (DATA - 1) + 1
    exact = DATA / math.sqrt(end * start)
    assert float(out.squeeze()) == pytest.approx(exact, rel=1e-3)


def test_moments_do_not_change_where_the_flow_leads() -> None:
    process = DiffusionProcess(LINEAR, clip_x0=False)
    model = GaussianDenoiser(DATA)
    few, a = finish(probability_flow(process, model, *impulses(0), frame_indices=[500]))
    many, b = finish(
        probability_flow(process, model, *impulses(0), frame_indices=range(0, 1000, 10))
    )
    assert torch.equal(few, many)
    assert [f.t for f in a] == [1000, 501, 0]
    assert [f.t for f in b] == [1000, *range(991, 0, -10), 0]
    assert torch.equal(next(f.x_t for f in b if f.t == 501), a[1].x_t)
    bar, data = alphas_cumprod()[[500, 999]], DATA
    growth = math.sqrt(bar[0] * data + 1 - bar[0]) / math.sqrt(bar[1] * data + 1 - bar[1])
    assert float(a[1].x_t.squeeze()) == pytest.approx(growth, rel=1e-3)


def test_one_correction_by_hand() -> None:
    """One correction is [SDE Algorithm 5] with α of the new t, for N(0, DATA) and σ² = β̃."""
    kept = LINEAR.keep(torch.tensor([100, 500, 700]))
    bars = alphas_cumprod()[[100, 500, 700]]
    first = [torch.ones(1, 1, 3, 3, dtype=torch.float64) * k for k in (0.3, -0.8)]
    draws = iter([*first, *(torch.zeros(1, 1, 3, 3) for _ in range(2))])

    class Given(PictureNoise):
        def draw(self, shape: object) -> Tensor:
            return next(draws)

    x = torch.linspace(-1, 1, 9, dtype=torch.float64).reshape(1, 1, 3, 3)
    process = DiffusionProcess(kept, variance="fixed_small", clip_x0=False)
    walk = predictor_corrector(process, GaussianDenoiser(DATA), x, Given(0, [0], "cpu"))
    next(walk)
    got = next(walk).x_t
    v = bars * DATA + 1 - bars
    x0 = math.sqrt(bars[2]) * DATA / v[2] * x
    beta = 1 - bars[2] / bars[1]
    mean = (math.sqrt(bars[1]) * beta * x0 + math.sqrt(1 - beta) * (1 - bars[1]) * x) / (
        1 - bars[2]
    )
    y = mean + math.sqrt(beta * (1 - bars[1]) / (1 - bars[2])) * first[0]
    score = -y / v[1]
    h = 2 * (bars[1] / bars[0]) * (0.16 * first[1].norm() / score.norm()) ** 2
    torch.testing.assert_close(
        got, y + h * score + math.sqrt(2 * h) * first[1], rtol=1e-9, atol=1e-12
    )
