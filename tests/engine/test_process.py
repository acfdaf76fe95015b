"""The forward process q and the reverse process p_θ against closed forms."""

from __future__ import annotations

import math
import weakref
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.levels import extract
from ddpm_studio.engine.likelihood.bound import eps_weights
from ddpm_studio.engine.losses import l_simple
from ddpm_studio.engine.process import std_of
from ddpm_studio.engine.tables import PARAMETERIZATIONS
from tests.engine.gaussian import GaussianDenoiser, alphas_cumprod, linear_betas

LINEAR = NoiseSchedule.linear()
INDICES = [0, 1, 9, 499, 999]


def _draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("index", INDICES)
def test_q_sample_and_posterior(index: int) -> None:
    process = DiffusionProcess(LINEAR)
    x0, noise = _draw(2, 3, 4, 4), _draw(2, 3, 4, 4, seed=1)
    bar, beta = alphas_cumprod()[index], linear_betas()[index]
    previous = alphas_cumprod()[index - 1] if index else 1.0
    x_t = process.q_sample(x0, index, noise)
    np.testing.assert_allclose(x_t, bar**0.5 * x0 + (1 - bar) ** 0.5 * noise, rtol=1e-9)
    mean = process.q_posterior_mean(x0, x_t, index)
    # Bayes' rule on two Gaussians: the product of N(x_t; √α x, β) and N(x; √ᾱ' x_0, 1−ᾱ').
    if index:
        precision = (1 - beta) / beta + 1 / (1 - previous)
        bayes = ((1 - beta) ** 0.5 * x_t / beta + previous**0.5 * x0 / (1 - previous)) / precision
        np.testing.assert_allclose(mean, bayes, rtol=1e-7, atol=1e-9)
        variance = float(LINEAR.posterior_variance[index])
        assert variance == pytest.approx(1 / precision, rel=1e-9)
    else:
        np.testing.assert_allclose(mean, x0, rtol=1e-9)


@pytest.mark.parametrize("index", INDICES)
def test_mean_from_eps_is_equation_11(index: int) -> None:
    process = DiffusionProcess(LINEAR, clip_x0=False)
    x_t, eps = _draw(2, 1, 4, 4), _draw(2, 1, 4, 4, seed=1)
    bar, beta = alphas_cumprod()[index], linear_betas()[index]
    p = process.reverse(eps, x_t, index)
    expected = (x_t - beta / (1 - bar) ** 0.5 * eps) / (1 - beta) ** 0.5
    np.testing.assert_allclose(p.mean, expected, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(p.eps, eps, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("parameterization", tuple(PARAMETERIZATIONS))
@pytest.mark.parametrize("index", INDICES)
def test_target_leads_back_to_x0(parameterization: str, index: int) -> None:
    process = DiffusionProcess(LINEAR, parameterization, clip_x0=False)
    x0, noise = _draw(2, 3, 4, 4).clamp(-1, 1), _draw(2, 3, 4, 4, seed=1)
    x_t = process.q_sample(x0, index, noise)
    p = process.reverse(process.target(x0, x_t, index, noise), x_t, index)
    np.testing.assert_allclose(p.x0_hat, x0, atol=1e-9)
    np.testing.assert_allclose(p.mean, process.q_posterior_mean(x0, x_t, index), atol=1e-9)


def test_v_target_is_the_published_combination() -> None:
    process = DiffusionProcess(LINEAR, "v")
    x0, noise = _draw(2, 1, 4, 4), _draw(2, 1, 4, 4, seed=1)
    bar = alphas_cumprod()[300]
    np.testing.assert_allclose(
        process.target(x0, process.q_sample(x0, 300, noise), 300, noise),
        bar**0.5 * noise - (1 - bar) ** 0.5 * x0,
        rtol=1e-9,
    )


def test_tensor_indices_equal_int_indices() -> None:
    process = DiffusionProcess(LINEAR, variance="learned_range")
    x_t, output = _draw(5, 3, 4, 4), _draw(5, 6, 4, 4, seed=1)
    together = process.reverse(output, x_t, torch.tensor(INDICES))
    for row, index in enumerate(INDICES):
        one = process.reverse(output[row : row + 1], x_t[row : row + 1], index)
        for name in ("mean", "log_variance", "x0_hat", "eps"):
            np.testing.assert_allclose(
                getattr(together, name)[row], getattr(one, name)[0], rtol=1e-9, atol=1e-12
            )


def test_clip_keeps_x0_hat_in_range_and_eps_consistent() -> None:
    process = DiffusionProcess(LINEAR)
    x_t, eps = 3 * _draw(2, 1, 4, 4), _draw(2, 1, 4, 4, seed=1)
    p = process.reverse(eps, x_t, 700)
    assert p.x0_hat.abs().max() == 1
    np.testing.assert_allclose(process.q_sample(p.x0_hat, 700, p.eps), x_t, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("index", "v", "expected"),
    [
        (499, -1.0, "posterior"),
        (499, 1.0, "beta"),
        (0, -1.0, "second"),
    ],
)
def test_learned_range_ends(index: int, v: float, expected: str) -> None:
    beta, bar = linear_betas(), alphas_cumprod()
    posterior = beta[1:] * (1 - bar[:-1]) / (1 - bar[1:])
    value = {
        "posterior": posterior[index - 1],
        "beta": beta[index],
        "second": posterior[0],
    }[expected]
    process = DiffusionProcess(LINEAR, variance="learned_range")
    log_variance = process.log_variance(index, torch.full((1,), v, dtype=torch.float64), _draw(1))
    assert float(log_variance) == pytest.approx(np.log(value), rel=1e-9)


def test_wrong_number_of_channels_is_refused() -> None:
    process = DiffusionProcess(LINEAR, variance="learned_range")
    with pytest.raises(ValueError, match="needs 6 output channels, the network has 3"):
        process.reverse(_draw(1, 3, 4, 4), _draw(1, 3, 4, 4), 0)


@pytest.mark.parametrize(
    ("index", "weight", "rel"),
    [
        (0, 0.50005, 1e-4),
        (1, 0.272692, 2e-6),
        (9, 0.0737170, 1e-6),
        (99, 0.01008126, 1e-6),
        (999, 0.01020449, 1e-6),
    ],
)
def test_equation_12_weights(index: int, weight: float, rel: float) -> None:
    """‖μ̃ − μ_θ‖²/(2σ²) with σ² = β_t equals the weight of eq. 12 times ‖ε − ε_θ‖²."""
    process = DiffusionProcess(LINEAR, clip_x0=False)
    x0, noise, wrong = _draw(1, 1, 4, 4), _draw(1, 1, 4, 4, seed=1), _draw(1, 1, 4, 4, seed=2)
    x_t = process.q_sample(x0, index, noise)
    gap = process.q_posterior_mean(x0, x_t, index) - process.reverse(wrong, x_t, index).mean
    sigma = linear_betas()[index] ** 0.5
    measured = gap.square().sum() / (2 * sigma**2) / (noise - wrong).square().sum()
    assert float(measured) == pytest.approx(weight, rel=rel)
    assert float(eps_weights(process)[index]) == pytest.approx(weight, rel=rel)


@pytest.mark.parametrize(("variance", "expected"), [(1.0, 0.2755132334), (0.25, 0.1730534061)])
def test_optimal_l_simple_on_gaussian_data(variance: float, expected: float) -> None:
    """The optimal L_simple is E‖ε − ε*‖² over t, here from the two axes of a quadratic form."""
    process = DiffusionProcess(LINEAR)
    model = GaussianDenoiser(variance)
    index = torch.arange(1000)
    zero, one = (torch.full((1000, 1, 1, 1), v, dtype=torch.float64) for v in (0.0, 1.0))
    from_noise = l_simple(process, model, zero, index, one)
    from_data = l_simple(process, model, one, index, zero)
    assert float((from_noise + variance * from_data).mean()) == pytest.approx(expected, rel=1e-9)


def test_a_table_is_copied_once_and_as_long_as_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table's copy lives as long as the table: a CUDA graph reads the copy's memory."""
    copied: list[weakref.ref[Tensor]] = []
    to = torch.Tensor.to

    def noting(table: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        copy = to(table, *args, **kwargs)
        copied.append(weakref.ref(copy))
        return copy

    monkeypatch.setattr(torch.Tensor, "to", noting)
    index, like = torch.tensor([3]), torch.zeros(1)
    tables = [torch.full((4,), float(k), dtype=torch.float64) for k in range(1000)]
    for table in tables + tables:
        assert float(extract(table, index, like)) == float(table[3])
    assert len(copied) == 1000
    assert all(copy() is not None for copy in copied)
    del table, tables
    assert all(copy() is None for copy in copied)


def test_std_of() -> None:
    assert std_of(2 * math.log(3.0)) == pytest.approx(3.0)
    torch.testing.assert_close(std_of(torch.tensor([2 * math.log(3.0)])), torch.tensor([3.0]))
