"""Closed-form variational bound of Gaussian data against numerical integration and sampling."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.likelihood.gaussian_data import best_linear, gaussian_bound

STD = 0.5
X0 = torch.tensor([-1.0, 0.0, 0.3, 2.0])


def process(T: int, variance: str = "fixed_large") -> DiffusionProcess:
    return DiffusionProcess(NoiseSchedule.cosine(T), variance=variance, clip_x0=False)


def normal(x: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance))


@pytest.mark.parametrize("variance", ["fixed_large", "fixed_small"])
def test_two_steps_are_what_integration_over_their_latents_says(variance: str) -> None:
    p, grid = process(2, variance), np.linspace(-9, 9, 3001)
    s, factors = p.schedule, best_linear(p, STD)
    one = torch.ones(1, 1, dtype=torch.float64)
    means, variances = [], []
    for index in (0, 1):
        step = p.reverse(factors[index] * one, one, index)
        means.append(float(step.mean))
        variances.append(math.exp(float(step.log_variance)))
    dx = grid[1] - grid[0]
    x1 = normal(grid[:, None], means[1] * grid[None], np.array(variances[1]))
    density_x1 = (x1 * normal(grid, np.array(0.0), np.array(1.0))[None]).sum(1) * dx
    found = gaussian_bound(p, X0, STD)
    bar, betas = s.alphas_cumprod.numpy(), s.betas.numpy()
    for k, x0 in enumerate(X0.numpy()):
        given_x1 = normal(x0, means[0] * grid, np.array(variances[0]))
        exact = -np.log2((given_x1 * density_x1).sum() * dx)
        assert float(found.exact[k]) == pytest.approx(exact, abs=1e-6)
        # Equation 3 over x_1 ~ q(x_1|x_0) and x_2 ~ q(x_2|x_1), both on the grid.
        q1 = normal(grid, math.sqrt(bar[0]) * x0, np.array(1 - bar[0]))
        q2 = normal(grid[None], math.sqrt(1 - betas[1]) * grid[:, None], np.array(betas[1]))
        joint = q1[:, None] * q2 * dx * dx

        def log_normal(x, mean, var):  # type: ignore[no-untyped-def]
            return -0.5 * ((x - mean) ** 2 / var + np.log(2 * np.pi * var))

        q1_logs = log_normal(grid, math.sqrt(bar[0]) * x0, 1 - bar[0])
        ratio = (
            log_normal(grid[None], math.sqrt(1 - betas[1]) * grid[:, None], betas[1])
            + q1_logs[:, None]
            - log_normal(grid, 0.0, 1.0)[None]
            - log_normal(grid[:, None], means[1] * grid[None], variances[1])
            - log_normal(x0, means[0] * grid, variances[0])[:, None]
        )
        assert float(found.bound[k]) == pytest.approx((joint * ratio).sum() / math.log(2), abs=1e-5)


def test_the_gap_is_never_below_0_and_closes_with_more_steps() -> None:
    gaps = []
    for steps in (10, 20, 50, 100):
        schedule = NoiseSchedule.linear(1000).strided(steps)
        gap = gaussian_bound(DiffusionProcess(schedule, clip_x0=False), X0, STD).gap
        assert bool((gap > 0).all())
        gaps.append(float(gap.mean()))
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < gaps[0] / 5


def test_a_process_without_closed_forms_is_refused() -> None:
    with pytest.raises(ValueError, match="closed forms"):
        gaussian_bound(DiffusionProcess(NoiseSchedule.cosine(4)), X0, STD)
