"""Exact likelihood by the probability-flow ODE against Gaussian densities."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.generators import finish
from ddpm_studio.engine.likelihood.bound import bound_terms
from ddpm_studio.engine.likelihood.flow_likelihood import (
    FlowStep,
    density_bits,
    dequantise,
    flow_log_likelihood,
    noise_dequantised_bits,
)
from tests.engine.gaussian import GaussianDenoiser, alphas_cumprod

LINEAR = NoiseSchedule.linear()


def rademacher(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(5)
    return torch.randn(shape, generator=generator, dtype=torch.float64).sign()


@pytest.mark.parametrize("variance", [1.0, 0.25, 0.01])
def test_flow_on_gaussian_data(variance: float) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(4, 1, 4, 4, generator=generator, dtype=torch.float64) * math.sqrt(variance)
    job = flow_log_likelihood(
        DiffusionProcess(LINEAR), GaussianDenoiser(variance), x, rademacher(*x.shape)
    )
    got = density_bits(finish(job), 16)
    log_p = stats.norm.logpdf(x.numpy(), scale=math.sqrt(variance)).reshape(4, -1).mean(1)
    true = -log_p / math.log(2) + math.log2(127.5)
    np.testing.assert_allclose(got.numpy(), true, atol=0.01)


def test_noise_as_the_dequantisation_on_gaussian_data() -> None:
    variance, sigma2 = 0.01, 1e-4 / (1 - 1e-4)
    process, model = DiffusionProcess(LINEAR, clip_x0=False), GaussianDenoiser(variance)
    generator = torch.Generator().manual_seed(1)
    x0, eps = (torch.randn(8, 1, 4, 4, generator=generator, dtype=torch.float64) for _ in range(2))
    x0 = x0 * math.sqrt(variance)
    x_1 = process.q_sample(x0, 0, eps)
    x = x_1 / math.sqrt(1 - 1e-4)
    job = flow_log_likelihood(process, model, x, torch.ones_like(x))
    got = noise_dequantised_bits(process, model, x0, x_1, finish(job))
    log_p = stats.norm.logpdf(x, scale=math.sqrt(variance + sigma2))
    log_q = stats.norm.logpdf(x, x0, math.sqrt(sigma2))
    true = (log_q - log_p).reshape(8, -1).mean(1) / math.log(2)
    decoder = bound_terms(process, model, x0, 0, eps).bits.numpy()
    np.testing.assert_allclose(got.numpy(), true + decoder, atol=0.003)


def test_hutchinson_is_unbiased_where_values_depend_on_each_other() -> None:
    # Pixels are correlated: the Jacobian is full, and one probe only estimates its trace.
    rng = np.random.default_rng(0)
    root = 0.3 * np.eye(4) + 0.1 * rng.standard_normal((4, 4))
    covariance = torch.from_numpy(root @ root.T)
    bars = torch.from_numpy(alphas_cumprod())

    def model(x: Tensor, t: Tensor) -> Tensor:
        a = bars[t[0]]
        inverse = torch.linalg.inv(a * covariance + (1 - a) * torch.eye(4, dtype=torch.float64))
        eps: Tensor = (1 - a).sqrt() * (x.flatten(1) @ inverse).reshape(x.shape)
        return eps

    x = torch.from_numpy(rng.standard_normal((1, 4)) @ root.T).reshape(1, 1, 2, 2)
    # All sixteen sign vectors: their mean is the trace itself.
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 4)
    job = flow_log_likelihood(
        DiffusionProcess(LINEAR), model, x.expand(16, -1, -1, -1), signs.reshape(16, 1, 2, 2)
    )
    each = finish(job)
    true = stats.multivariate_normal(np.zeros(4), covariance.numpy()).logpdf(x.numpy().ravel())
    assert float(each.mean()) == pytest.approx(true, abs=0.01)
    assert float(each.std()) > 0.01


def test_flow_reports_its_way_and_tightens_with_the_tolerance() -> None:
    x = torch.full((1, 1, 2, 2), 0.2, dtype=torch.float64)
    shares: list[float] = []
    evaluations, values = [], []
    for tolerance in (1e-2, 1e-4, 1e-7):
        job = flow_log_likelihood(
            DiffusionProcess(LINEAR), GaussianDenoiser(0.25), x, torch.ones_like(x), tolerance
        )
        steps: list[FlowStep] = []
        values.append(float(finish(job, steps.append)))
        shares.extend(step.share for step in steps)
        evaluations.append(steps[-1].evaluations)
        assert steps[-1].share == pytest.approx(1)
    assert evaluations == sorted(set(evaluations))
    assert all(0 < share <= 1 + 1e-12 for share in shares)
    assert abs(values[1] - values[2]) < abs(values[0] - values[2])


def test_dequantised_levels_fill_the_range_evenly() -> None:
    levels = torch.arange(256, dtype=torch.float64) / 127.5 - 1
    low, high = dequantise(levels, torch.zeros(256)), dequantise(levels, torch.ones(256))
    torch.testing.assert_close(low[1:], high[:-1])
    # A uniform density over 256 bins of width 2/255 is 8 bits.
    log_p = torch.tensor([-10 * math.log(256 * 2 / 255)], dtype=torch.float64)
    assert float(density_bits(log_p, 10)) == pytest.approx(8)
