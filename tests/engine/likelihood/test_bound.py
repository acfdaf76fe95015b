"""Terms of the variational bound against published numbers, quadrature and high precision."""

from __future__ import annotations

import math

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.likelihood.bound import (
    bound_terms,
    decoder_log_likelihood,
    gaussian_kl,
    log_ndtr,
    prior_bits,
    reverse_bits,
)
from tests.engine.gaussian import PointDenoiser, alphas_cumprod, linear_betas

LINEAR = NoiseSchedule.linear()
LEVEL = 100 / 127.5 - 1


def _draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_prior() -> None:
    x0 = torch.full((1, 1, 2, 2), 3**-0.5, dtype=torch.float64)
    assert float(prior_bits(DiffusionProcess(LINEAR), x0)) == pytest.approx(9.704707e-6, rel=1e-7)


@pytest.mark.parametrize(
    ("variance", "middle"), [("fixed_small", 0.0), ("fixed_large", 0.486419230)]
)
def test_perfect_predictor_of_a_point_mass(variance: str, middle: float) -> None:
    process = DiffusionProcess(LINEAR, variance=variance)
    x0 = torch.full((1000, 1, 1, 1), LEVEL, dtype=torch.float64)
    terms = bound_terms(process, PointDenoiser(LEVEL), x0, torch.arange(1000), _draw(1000, 1, 1, 1))
    assert float(terms.bits[1:].sum()) == pytest.approx(middle, abs=1e-9)
    assert float(terms.bits[0]) == pytest.approx(1.3053777, rel=1e-7)
    assert float(terms.x0_mse.max()) < 1e-18
    assert float(terms.eps_mse.max()) < 1e-18


@pytest.mark.parametrize("index", [1, 499, 999])
def test_fixed_large_terms_are_equation_12(index: int) -> None:
    process = DiffusionProcess(LINEAR, clip_x0=False)
    x0, noise = _draw(1, 1, 4, 4), _draw(1, 1, 4, 4, seed=1)
    beta, bar = linear_betas()[index], alphas_cumprod()[index]
    weight = beta**2 / (2 * beta * (1 - beta) * (1 - bar))
    bits = []
    for seed in (2, 3):
        eps = _draw(1, 1, 4, 4, seed=seed)
        terms = bound_terms(process, lambda x, t, eps=eps: eps, x0, index, noise)
        square = float((eps - noise).square().mean())
        assert float(terms.eps_mse) == pytest.approx(square, rel=1e-6)
        bits.append(float(terms.bits) * math.log(2) - weight * square)
    assert bits[0] == pytest.approx(bits[1], abs=1e-8)


@pytest.mark.parametrize(("v", "fixed"), [(-1.0, "fixed_small"), (1.0, "fixed_large")])
def test_learned_range_ends_are_the_fixed_variances(v: float, fixed: str) -> None:
    index = torch.arange(1, 1000, 37)
    n = len(index)
    x0, x_t, eps = (_draw(n, 3, 2, 2, seed=k) for k in range(3))
    learned = DiffusionProcess(LINEAR, variance="learned_range")
    output = torch.cat([eps, torch.full_like(eps, v)], dim=1)
    torch.testing.assert_close(
        reverse_bits(learned, output, x0, x_t, index),
        reverse_bits(DiffusionProcess(LINEAR, variance=fixed), eps, x0, x_t, index),
        rtol=1e-9,
        atol=1e-12,
    )


def test_an_int_index_equals_a_tensor_of_it() -> None:
    process = DiffusionProcess(LINEAR)
    x0, noise = _draw(2, 1, 2, 2), _draw(2, 1, 2, 2, seed=1)
    for index in (0, 1, 700):
        one = bound_terms(process, PointDenoiser(0.1), x0, index, noise)
        many = bound_terms(process, PointDenoiser(0.1), x0, torch.full((2,), index), noise)
        torch.testing.assert_close(one.bits, many.bits, rtol=1e-9, atol=1e-12)


def test_kl_is_the_integral() -> None:
    q, p = stats.norm(0.3, 0.7), stats.norm(-0.2, 1.1)
    expected, _ = integrate.quad(lambda x: q.pdf(x) * (q.logpdf(x) - p.logpdf(x)), -10, 10)
    got = gaussian_kl(
        torch.tensor(0.3, dtype=torch.float64),
        2 * math.log(0.7),
        torch.tensor(-0.2, dtype=torch.float64),
        torch.tensor(2 * math.log(1.1), dtype=torch.float64),
    )
    assert float(got) == pytest.approx(expected, rel=1e-9)


LEVELS = torch.arange(256, dtype=torch.float64) / 127.5 - 1


@pytest.mark.parametrize("scale", [0.002, 0.0074, 0.3, 20.0])
@pytest.mark.parametrize("mean", [-3.0, -0.31, 0.0, 0.9999])
def test_decoder_is_a_distribution(mean: float, scale: float) -> None:
    log_p = decoder_log_likelihood(
        LEVELS, torch.full_like(LEVELS, mean), torch.full_like(LEVELS, math.log(scale))
    )
    assert float(log_p.exp().sum()) == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("level", [0, 1, 100, 254, 255])
@pytest.mark.parametrize("mean", [-1.5, LEVEL + 0.001, 1.9])
def test_decoder_in_the_far_tails(level: int, mean: float) -> None:
    mpmath.mp.dps = 60
    x, sigma = mpmath.mpf(level) / mpmath.mpf(255) * 2 - 1, mpmath.mpf(0.0074)
    half = mpmath.mpf(1) / 255

    def tail(z: mpmath.mpf) -> mpmath.mpf:  # P(Z > z)
        return mpmath.erfc(z / mpmath.sqrt(2)) / 2

    low = (x - half - mpmath.mpf(mean)) / sigma if level > 0 else -mpmath.inf
    high = (x + half - mpmath.mpf(mean)) / sigma if level < 255 else mpmath.inf
    mass = tail(low) - tail(high) if low + high > 0 else tail(-high) - tail(-low)
    got = decoder_log_likelihood(
        LEVELS[level],
        torch.tensor(mean, dtype=torch.float64),
        torch.tensor(0.0074, dtype=torch.float64).log(),
    )
    assert float(got) == pytest.approx(float(mpmath.log(mass)), rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradient_of_log_ndtr(dtype: torch.dtype) -> None:
    z = torch.tensor([-1e6, -1e4, -300, -20, -1, 0, 3, 8], dtype=dtype, requires_grad=True)
    log_ndtr(z).sum().backward()
    points = z.detach().double().numpy()
    expected = np.exp(stats.norm.logpdf(points[2:]) - stats.norm.logcdf(points[2:]))
    assert z.grad is not None
    np.testing.assert_allclose(z.grad[2:], expected, rtol=1e-5)
    # Mills' ratio: φ/Φ → −z − 1/z.
    np.testing.assert_allclose(z.grad[:2], -points[:2] - 1 / points[:2], rtol=1e-5)


def test_gradients_are_finite_in_float32() -> None:
    mean = torch.linspace(-3, 3, 256, requires_grad=True)
    log_scale = torch.linspace(-12, 12, 256).requires_grad_()
    decoder_log_likelihood(LEVELS.float().flip(0), mean, log_scale).sum().backward()
    assert mean.grad is not None
    assert log_scale.grad is not None
    assert np.isfinite(mean.grad.numpy()).all()
    assert np.isfinite(log_scale.grad.numpy()).all()
