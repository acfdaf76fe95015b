"""Variational bound of one picture by timestep and value: the terms add up to the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.likelihood.bound import eps_weights
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, bound_parts, decode, step_gaussians
from ddpm_studio.jobs.events import Pictures
from ddpm_studio.requests import DecodeRequest, PictureMeasureRequest
from tests.jobs.conftest import finish


@pytest.fixture
def picture() -> Pictures:
    return np.random.default_rng(1).integers(0, 256, (16, 16, 3), np.uint8)


def test_the_parts_are_those_of_the_whole(run: Path, picture: Pictures) -> None:
    store = ModelStore()
    parts = finish(bound_parts(PictureMeasureRequest(run=run), picture, store))[1]
    whole = finish(decode(DecodeRequest(run=run), picture, store))[1]
    assert parts.prior + parts.middle + parts.decoder == pytest.approx(whole.total, rel=1e-6)
    assert parts.decoder == parts.bits[0]
    assert parts.middle == pytest.approx(parts.bits[1:].sum())


@pytest.mark.parametrize("t", [1, 2, 11])
def test_the_mean_over_values_is_the_term_of_its_t(run: Path, picture: Pictures, t: int) -> None:
    store, request = ModelStore(), PictureMeasureRequest(run=run)
    parts = finish(bound_parts(request, picture, store))[1]
    step = step_gaussians(request, picture, t, store)
    assert step.bits.shape == picture.shape
    assert step.bits.mean() == pytest.approx(parts.bits[t - 1], rel=1e-4)
    if t == 1:
        assert step.q_std == 0
        return
    ratio = step.q_std / step.p_std
    apart = np.square((step.q_mean - step.p_mean) / step.p_std)
    kl = (np.square(ratio) + apart - 1) / 2 - np.log(ratio)
    np.testing.assert_allclose(step.bits, kl / np.log(2), rtol=1e-3, atol=1e-5)


def test_a_t_that_there_is_not(run: Path, picture: Pictures) -> None:
    with pytest.raises(StudioError, match="out of range"):
        step_gaussians(PictureMeasureRequest(run=run), picture, 21, ModelStore())


@pytest.mark.parametrize("variance", ["fixed_large", "fixed_small"])
def test_the_weights_of_eq_12_turn_errors_of_eps_into_those_of_the_mean(variance: str) -> None:
    schedule = NoiseSchedule.linear(50)
    process = DiffusionProcess(schedule, variance=variance, clip_x0=False)
    generator = torch.Generator().manual_seed(0)
    x0, eps, guess = torch.randn(3, 1, 1, 1, 1, dtype=torch.float64, generator=generator)
    for index in (1, 20, 49):
        x_t = process.q_sample(x0, index, eps)
        log_variance = torch.tensor(process.log_variance(index, None, x_t), dtype=torch.float64)

        def mean(noise: Tensor, x_t: Tensor = x_t, index: int = index) -> Tensor:
            return process.q_posterior_mean(process.x0_from_eps(x_t, index, noise), x_t, index)

        error = (mean(eps) - mean(guess)).square() / (2 * log_variance.exp())
        expected = eps_weights(process)[index] * (eps - guess).square()
        torch.testing.assert_close(error, expected)
