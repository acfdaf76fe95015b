"""Noise schedules defined by their noise levels σ."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ddpm_studio.engine import NoiseSchedule, flow_time
from ddpm_studio.engine.schedules.sigmas import betas_of_sigmas


@pytest.mark.parametrize("T", [2, 18, 1000])
def test_edm_is_the_published_grid(T: int) -> None:
    """σ_i = (σ_max^⅐ + i/(N−1)·(σ_min^⅐ − σ_max^⅐))⁷, i from 0 at the highest [EDM eq. 5]."""
    i = np.arange(T) / (T - 1)
    grid = (80 ** (1 / 7) + i * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    got = NoiseSchedule.named("edm", T).sigmas.numpy()[::-1]
    np.testing.assert_allclose(got, grid, rtol=1e-9)


@pytest.mark.parametrize("T", [1, 2, 1000])
def test_flow_is_even_in_time(T: int) -> None:
    u = flow_time(NoiseSchedule.named("flow", T).sigmas)
    np.testing.assert_allclose(u, (np.arange(T) + 0.5) / T, rtol=1e-9)


def test_one_level_of_edm_is_the_highest() -> None:
    assert float(NoiseSchedule.named("edm", 1).sigmas[0]) == pytest.approx(80, rel=1e-9)


@pytest.mark.parametrize("sigmas", [[0.0, 1.0], [1.0, 1.0], [2.0, 1.0], [-1.0, 1.0]])
def test_levels_that_do_not_rise_are_refused(sigmas: list[float]) -> None:
    with pytest.raises(ValueError, match="σ must be above 0 and rise"):
        betas_of_sigmas(torch.tensor(sigmas, dtype=torch.float64))


@pytest.mark.parametrize(
    ("steps", "t", "kept"),
    [
        (3, 4, [0, 2, 3]),  # 1.5
        (3, 6, [0, 3, 5]),  # 2.5, which goes to 2 where halves go to the even number
        (5, 7, [0, 2, 3, 5, 6]),  # 1.5 and 4.5
        (10, 1000, [0, 111, 222, 333, 444, 555, 666, 777, 888, 999]),
        (1, 5, [4]),
    ],
)
def test_kept_timesteps_halfway_go_up(steps: int, t: int, kept: list[int]) -> None:
    assert NoiseSchedule.linear().even_indices(steps, t).tolist() == kept
