"""Order of convergence: each sampler's error on Gaussian data falls at its stated order.

All samplers are linear there, so the variance of x_0 is known exactly, without sampling. The
trajectory ends at t = 40, where x̂_0 is taken, since σ ∝ √t near 0 spoils the order of any method.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, ancestral, ddim
from ddpm_studio.engine.samplers import (
    Frames,
    dpm_solver,
    euler,
    euler_maruyama,
    heun,
    probability_flow,
)
from tests.engine.gaussian import Array, GaussianDenoiser, alphas_cumprod, impulses
from tests.engine.walking import finish

LINEAR = NoiseSchedule.linear()
COUNTS = (60, 120, 240)
Sampler = Callable[..., Frames]


def process(steps: int) -> DiffusionProcess:
    kept = torch.linspace(39, 999, steps + 1, dtype=torch.float64).round().long()
    return DiffusionProcess(LINEAR.keep(kept), clip_x0=False)


def flow(data: float, low: int = 39) -> float:
    """Return x̂_0 after the exact flow from x_T = 1, which keeps the marginals of N(0, data)."""
    bar, start = (float(alphas_cumprod()[index]) for index in (low, 999))
    end = bar * data + 1 - bar
    return math.sqrt(end / (start * data + 1 - start)) * math.sqrt(bar) * data / end


def exact_variance(data: float, low: int = 39) -> float:
    """Return the variance of x̂_0 where the marginal is exact."""
    bar = float(alphas_cumprod()[low])
    return data**2 * bar / (bar * data + 1 - bar)


def orders(errors: list[float]) -> Array:
    size = np.abs(errors)
    return np.asarray(np.log2(size[:-1] / size[1:]))


@pytest.mark.parametrize("data", [1.0, 0.25])
@pytest.mark.parametrize(
    ("sampler", "order", "error"),
    [
        pytest.param(ddim, 1, 0.04, id="ddim"),
        pytest.param(partial(dpm_solver, order=1), 1, 0.04, id="dpm++1"),
        pytest.param(partial(dpm_solver, order=2), 2, 0.004, id="dpm++2m"),
        pytest.param(euler, 1, 0.04, id="euler"),
        pytest.param(heun, 2, 0.002, id="heun"),
    ],
)
def test_deterministic(sampler: Sampler, order: int, error: float, data: float) -> None:
    errors = []
    for steps in COUNTS:
        out, _ = finish(sampler(process(steps), GaussianDenoiser(data), *impulses(0)))
        errors.append(float(out.squeeze()) / flow(data) - 1)
    np.testing.assert_allclose(orders(errors), order, atol=0.1)
    assert abs(errors[0]) < error


@pytest.mark.parametrize("data", [1.0, 0.25])
@pytest.mark.parametrize(
    ("sampler", "order", "error"),
    [
        pytest.param(euler_maruyama, 1, 0.09, id="sde"),
        pytest.param(partial(ddim, eta=1.0), 1, 0.14, id="ddim-1"),
        pytest.param(partial(dpm_solver, order=1, sde=True), 1, 0.14, id="dpm++1-sde"),
        pytest.param(partial(dpm_solver, order=2, sde=True), 2, 0.025, id="dpm++2m-sde"),
    ],
)
def test_weak_order(sampler: Sampler, order: int, error: float, data: float) -> None:
    errors = []
    for steps in COUNTS:
        out, _ = finish(sampler(process(steps), GaussianDenoiser(data), *impulses(steps + 1)))
        errors.append(float(out.square().sum()) / exact_variance(data) - 1)
    np.testing.assert_allclose(orders(errors), order, atol=0.12)
    assert abs(errors[0]) < error


def test_strided_ancestral_is_of_weak_order_one() -> None:
    errors = []
    for steps in COUNTS:
        out, _ = finish(ancestral(process(steps), GaussianDenoiser(0.25), *impulses(steps + 1)))
        errors.append(float(out.square().sum()) / exact_variance(0.25) - 1)
    np.testing.assert_allclose(orders(errors), 1, atol=0.05)
    assert abs(errors[0]) < 0.06


def test_first_order_methods_are_the_same_method() -> None:
    model = GaussianDenoiser(0.25)
    results = [
        finish(sampler(process(60), model, *impulses(0)))[0]
        for sampler in (ddim, euler, partial(dpm_solver, order=1))
    ]
    torch.testing.assert_close(results[0], results[1], rtol=1e-12, atol=0)
    torch.testing.assert_close(results[0], results[2], rtol=1e-12, atol=0)
    a, _ = finish(dpm_solver(process(60), model, *impulses(61), order=1, sde=True))
    b, _ = finish(ddim(process(60), model, *impulses(61), eta=1.0))
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-15)


def test_heun_evaluates_twice_a_step_but_the_last() -> None:
    model = GaussianDenoiser()
    finish(heun(process(60), model, *impulses(0)))
    assert model.calls == 2 * 61 - 1


@pytest.mark.parametrize("data", [1.0, 0.25, 0.01])
def test_probability_flow_is_as_exact_as_its_tolerance(data: float) -> None:
    errors, calls = [], []
    for tolerance in (1e-2, 1e-3, 1e-4):
        model = GaussianDenoiser(data)
        walk = probability_flow(
            DiffusionProcess(LINEAR, clip_x0=False),
            model,
            *impulses(0),
            frame_indices=[999],
            tolerance=tolerance,
        )
        out, _ = finish(walk)
        errors.append(abs(float(out.squeeze()) / flow(data, 0) - 1))
        calls.append(model.calls)
    assert errors[0] > 4 * errors[1] > 16 * errors[2]
    assert errors[2] < 3e-4
    assert calls[0] < calls[1] < calls[2] < 250
