"""EDM and flow matching on Gaussian data, with exact losses, samples, bits and densities."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from ddpm_studio.engine import (
    SAMPLERS,
    TIMESTEP_SAMPLING,
    BoundSums,
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    TrainingLoss,
    euler,
    finish,
    flow_log_likelihood,
    heun,
    measure_bound,
    probability_flow,
)
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from ddpm_studio.engine.schedules.sigmas import betas_of_sigmas
from tests.engine.gaussian import GaussianDenoiser, impulses
from tests.engine.parameterizations.published import BEST

DATA = 0.09
both = pytest.mark.parametrize("name", ["edm", "flow"])


def process(name: str, T: int = 100, clip: bool = False) -> DiffusionProcess:
    return DiffusionProcess(NoiseSchedule.named(name, T), name, clip_x0=clip)


def eps_twin(
    name: str, T: int = 100, clip: bool = False
) -> tuple[DiffusionProcess, GaussianDenoiser]:
    """Return a process of the same noise levels that predicts ε, and its optimal network."""
    schedule = NoiseSchedule.named(name, T)
    model = GaussianDenoiser(DATA, schedule.betas.numpy())
    return DiffusionProcess(schedule, clip_x0=clip), model


def loss_of_both_directions(name: str, level: Tensor, loss: str = "simple") -> Tensor:
    """Return the expected loss over x_0 ~ N(0, DATA) and ε, which is a quadratic form."""
    n = len(level)
    zero, one = (torch.full((n, 1, 1, 1), value, dtype=torch.float64) for value in (0.0, 1.0))
    p, model = process(name), BEST[name](DATA)
    return TrainingLoss(loss)(p, model, zero, level, one) + DATA * TrainingLoss(loss)(
        p, model, one, level, zero
    )


@both
def test_loss_of_the_best_network(name: str) -> None:
    """The optimal loss is Var[x_0|x̃] = DATA·σ²/(DATA + σ²) times the weight of F's error."""
    sigma = torch.tensor([0.002, 0.05, 0.3, 1.0, 7.0, 80.0], dtype=torch.float64)
    left = DATA * sigma**2 / (DATA + sigma**2)
    weight = {"edm": (sigma**2 + 0.25) / (sigma * 0.5) ** 2, "flow": (1 + 1 / sigma) ** 2}[name]
    torch.testing.assert_close(
        loss_of_both_directions(name, sigma), weight * left, rtol=1e-9, atol=0
    )
    snr = (1 / sigma**2).clamp(max=5)
    torch.testing.assert_close(
        loss_of_both_directions(name, sigma, "min_snr"), snr * left, rtol=1e-9, atol=0
    )


@both
def test_an_index_is_its_sigma(name: str) -> None:
    every = torch.arange(100)
    sigmas = NoiseSchedule.named(name, 100).sigmas
    for loss in ("simple", "min_snr"):
        by_index = loss_of_both_directions(name, every, loss)
        by_sigma = loss_of_both_directions(name, sigmas, loss)
        torch.testing.assert_close(by_index, by_sigma, rtol=1e-8, atol=0)


@both
def test_loss_over_the_choices_of_t(name: str) -> None:
    """Sampled noise levels give the mean loss over ln σ ~ N(m, s²) that quadrature gives."""
    choice, mean, std = {"edm": ("log_normal", -1.2, 1.2), "flow": ("logit_normal", 0.0, 1.0)}[name]
    drawn, weights = (
        TIMESTEP_SAMPLING[choice].load()(100, "cpu").draw(40_000, torch.Generator().manual_seed(0))
    )
    assert weights is None
    assert drawn.dtype == torch.float32
    places, shares = np.polynomial.hermite_e.hermegauss(60)
    sigma = torch.from_numpy(np.exp(mean + std * places))
    expected = float(loss_of_both_directions(name, sigma) @ torch.from_numpy(shares / shares.sum()))
    losses = loss_of_both_directions(name, drawn.double())
    error = float(losses.std()) / math.sqrt(len(losses))
    assert float(losses.mean()) == pytest.approx(expected, abs=4 * error)
    assert stats.kstest(drawn.log().numpy(), "norm", (mean, std)).pvalue > 1e-3


@both
@pytest.mark.parametrize("sampler", [name for name, one in SAMPLERS.items() if not one.adaptive])
def test_every_sampler_draws_as_from_eps(name: str, sampler: str) -> None:
    """Samplers give the pictures of an ε network: parameterisations differ in rounding alone."""
    steps = min(20, SAMPLERS[sampler].default_steps or 20)
    results = []
    for p, model in ((process(name), BEST[name](DATA)), eps_twin(name)):
        noise = PictureNoise(3, [0, 1], "cpu")
        x = noise.draw((1, 4, 4)).double()
        results.append(finish(run_sampler(SAMPLERS[sampler], p, model, x, noise, steps)))
    torch.testing.assert_close(results[0], results[1], rtol=1e-7, atol=1e-9)


@both
def test_variance_of_the_ancestral_sampler(name: str) -> None:
    """The variance follows x ← c·x + σ·z, E[x_0|x_t] in closed form, without noise at the end."""
    T = 40
    schedule = NoiseSchedule.named(name, T)
    bar = schedule.alphas_cumprod.numpy()
    before, beta = np.append(1.0, bar[:-1]), schedule.betas.numpy()
    variance = 1.0
    for k in range(T - 1, -1, -1):
        x0 = math.sqrt(bar[k]) * DATA / (bar[k] * DATA + 1 - bar[k])
        c = (math.sqrt(before[k]) * beta[k] * x0 + math.sqrt(1 - beta[k]) * (1 - before[k])) / (
            1 - bar[k]
        )
        variance = c**2 * variance + (beta[k] if k else 0.0)
    out = finish(run_sampler(SAMPLERS["ddpm"], process(name, T), BEST[name](DATA), *impulses(T)))
    assert float(out.square().sum()) == pytest.approx(variance, rel=1e-9)


@both
@pytest.mark.parametrize(("sampler", "order"), [(euler, 1), (heun, 2)])
def test_order_of_convergence(name: str, sampler: Callable[..., object], order: int) -> None:
    """The error falls at the sampler's order, from σ = 20 to .05 on each method's grid, then x̂_0.

    The exact flow keeps the marginals.
    """
    high, low, errors = 20.0, 0.05, []
    for steps in (40, 80, 160):
        if name == "edm":
            sigmas = torch.linspace(low ** (1 / 7), high ** (1 / 7), steps + 1).double() ** 7
        else:
            u = torch.linspace(low / (1 + low), high / (1 + high), steps + 1, dtype=torch.float64)
            sigmas = u / (1 - u)
        schedule = NoiseSchedule.from_betas(betas_of_sigmas(sigmas))
        p = DiffusionProcess(schedule, name, clip_x0=False)
        ends = [float(schedule.sigmas[k]) for k in (0, -1)]
        out: Tensor = finish(sampler(p, BEST[name](DATA), *impulses(0)))  # type: ignore[arg-type]
        shrunk = math.sqrt((DATA + ends[0] ** 2) / (DATA + ends[1] ** 2))
        exact = math.sqrt(1 + ends[1] ** 2) * shrunk * DATA / (DATA + ends[0] ** 2)
        errors.append(abs(float(out.squeeze()) / exact - 1))
    got = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    np.testing.assert_allclose(got, order, atol=0.15)
    assert errors[0] < {1: 0.15, 2: 0.02}[order]


@both
def test_the_adaptive_flow_asks_for_any_sigma(name: str) -> None:
    """The adaptive solver evaluates the network at any σ: it is exact with ten levels."""
    model, p = BEST[name](DATA), process(name, 10)
    out = finish(probability_flow(p, model, *impulses(0), frame_indices=[9], tolerance=1e-5))
    low, high = (float(p.schedule.sigmas[k]) for k in (0, -1))
    shrunk = math.sqrt((DATA + low**2) / (DATA + high**2))
    exact = math.sqrt(1 + high**2) * shrunk * DATA / (DATA + low**2)
    assert float(out.squeeze()) == pytest.approx(exact, rel=1e-4)
    assert model.calls > 20


@both
@pytest.mark.parametrize("clip", [False, True])
def test_bits_are_those_of_eps(name: str, clip: bool) -> None:
    """The bound is that of an ε network: x_t = x̃·√ᾱ is the same variable, and so is p_θ."""
    generator = torch.Generator().manual_seed(0)
    x0 = torch.randint(0, 256, (3, 1, 4, 4), generator=generator).double() / 127.5 - 1
    bounds = []
    for p, model in ((process(name, 100, clip), BEST[name](DATA)), eps_twin(name, 100, clip)):
        job = measure_bound(
            p,
            lambda _, model=model: model,  # type: ignore[misc]
            lambda numbers: x0[list(numbers)],
            BoundSums(100, None, range(3)),
            seed=0,
            batch=64,
        )
        bounds.append(finish(job))
    np.testing.assert_allclose(bounds[0].bits, bounds[1].bits, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(bounds[0].totals, bounds[1].totals, rtol=1e-7)
    np.testing.assert_allclose(bounds[0].x0_mse, bounds[1].x0_mse, rtol=1e-6)


@both
def test_density_by_the_flow(name: str) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(4, 1, 4, 4, generator=generator, dtype=torch.float64) * math.sqrt(DATA)
    probe = torch.randn(x.shape, generator=generator, dtype=torch.float64).sign()
    job = flow_log_likelihood(process(name, 1000), BEST[name](DATA), x, probe, 1e-5)
    log_p = stats.norm.logpdf(x.numpy(), scale=math.sqrt(DATA)).reshape(4, -1).sum(1)
    np.testing.assert_allclose(finish(job).numpy() / 16, log_p / 16, atol=2e-3)
