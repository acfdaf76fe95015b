"""Estimators of the variational bound: equal means, and lower variance in closed form."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise
from ddpm_studio.engine.generators import finish
from ddpm_studio.engine.likelihood.estimators import ChainEstimates, chain_estimates
from ddpm_studio.engine.likelihood.gaussian_data import best_linear
from ddpm_studio.engine.likelihood.likelihood import BoundSums, measure_bound

PROCESS = DiffusionProcess(NoiseSchedule.linear(1000).strided(12))
BEST = best_linear(DiffusionProcess(NoiseSchedule.linear(1000)), 0.5)
X0 = (torch.arange(16).reshape(1, 1, 4, 4) * 8 * 2 / 255 - 1).double()


def model(x: Tensor, t: Tensor) -> Tensor:
    """Return a slightly biased optimal prediction for N(0, ¼): estimators agree for any model."""
    return BEST[t][:, None, None, None].to(x) * x + 0.02


def estimated(count: int, seed: int = 0) -> ChainEstimates:
    noise = PictureNoise(seed, range(count), "cpu")
    return finish(chain_estimates(PROCESS, model, X0, noise))


def test_all_four_have_one_mean_and_that_of_equation_5_at_one_t_varies_less() -> None:
    found = estimated(4000)
    by_ratios, by_divergences = found.single_t_estimates(torch.Generator().manual_seed(1))
    expected = float(found.by_divergences.mean())
    for estimates in (found.by_ratios, by_ratios, by_divergences):
        apart = (estimates - found.by_divergences).numpy()
        error = apart.std(ddof=1) / math.sqrt(len(apart))
        assert abs(apart.mean()) < 4 * error
        assert error < expected / 20, "else it would tell nothing"
    assert float(by_divergences.var()) < float(by_ratios.var())
    assert bool((found.terms.std(0)[1:] < found.ratios.std(0)[1:]).all())


def test_the_terms_are_those_of_the_measurement() -> None:
    found = estimated(3000)
    sums = BoundSums(PROCESS.schedule.T, None, list(range(400)))
    job = measure_bound(
        PROCESS, lambda _: model, lambda n: X0.expand(len(n), 1, 4, 4), sums, seed=3, batch=1200
    )
    bound = finish(job)
    assert found.prior == bound.prior
    means, spread = found.terms.mean(0).numpy(), found.terms.std(0).numpy()
    assert np.all(np.abs(means - bound.bits) < 5 * spread * (1 / 3000 + 1 / 400) ** 0.5 + 1e-12)


def test_whole_chains_by_hand() -> None:
    """The estimate by density ratios of one chain equals its densities written out by hand."""
    noise = PictureNoise(5, [0], "cpu")
    found = finish(chain_estimates(PROCESS, model, X0, noise))
    again = PictureNoise(5, [0], "cpu")
    before, total = X0, 0.0
    for index in range(PROCESS.schedule.T):
        beta = float(PROCESS.schedule.betas[index])
        after = math.sqrt(1 - beta) * before + math.sqrt(beta) * again.draw((1, 4, 4)).double()
        p = PROCESS.p_mean_variance(model, after, index)
        std = torch.tensor(math.exp(0.5 * float(p.log_variance)), dtype=torch.float64)
        if index:
            total -= float(torch.distributions.Normal(p.mean, std).log_prob(before).sum())
        else:
            gauss = torch.distributions.Normal(p.mean, std)
            low = torch.where(before < -0.999, 0.0, gauss.cdf(before - 1 / 255))
            total -= float((gauss.cdf(before + 1 / 255) - low).log().sum())
        q = torch.distributions.Normal(math.sqrt(1 - beta) * before, math.sqrt(beta))
        total += float(q.log_prob(after).sum())
        before = after
    total -= float(torch.distributions.Normal(0.0, 1.0).log_prob(before).sum())
    assert math.isclose(float(found.by_ratios[0]) * 16 * math.log(2), total, rel_tol=1e-6)
