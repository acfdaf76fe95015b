"""Variational bound and rate–distortion curve against closed forms."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.generators import finish
from ddpm_studio.engine.likelihood import likelihood
from ddpm_studio.engine.likelihood.likelihood import (
    Bound,
    BoundSums,
    evaluated_timesteps,
    measure_bound,
    step_weights,
)
from ddpm_studio.engine.likelihood.progressive import progressive_decoding
from tests.engine.gaussian import GaussianDenoiser, PointDenoiser, alphas_cumprod, linear_betas

LINEAR = NoiseSchedule.linear()
LN2 = math.log(2)


def measure(
    process: DiffusionProcess,
    model: Any,
    x0: Tensor,
    steps: int | None = None,
    seed: int = 0,
    batch: int = 64,
    sums: BoundSums | None = None,
) -> Bound:
    sums = sums or BoundSums(process.schedule.T, steps, range(len(x0)))
    job = measure_bound(
        process, lambda _: model, lambda n: x0[list(n)], sums, seed=seed, batch=batch
    )
    bound = finish(job)
    assert isinstance(bound, Bound)
    return bound


def short(T: int = 50) -> DiffusionProcess:
    return DiffusionProcess(NoiseSchedule.named("linear_scaled", T))


def grid_pictures(count: int, *shape: int, seed: int = 0) -> Tensor:
    levels = np.random.default_rng(seed).integers(0, 256, (count, *shape))
    return torch.from_numpy(levels / 127.5 - 1)


def closed_form(variance: float, fixed: str) -> tuple[float, float, float]:
    """Return L_T, Σ_{t>1} L_{t−1} and L_0 of data N(0, variance), the last by quadrature."""
    betas, bars = linear_betas(), alphas_cumprod()
    before = np.concatenate([[1.0], bars[:-1]])
    tilde = betas * (1 - before) / (1 - bars)
    tilde[0] = tilde[1]
    sigma2 = betas.copy() if fixed == "fixed_large" else tilde.copy()
    sigma2[0] = tilde[1]
    # x_0 − x̂_0 ~ N(0, wrong), and μ̃ − μ_θ is that times the coefficient of x_0.
    wrong = variance * (1 - bars) / (bars * variance + 1 - bars)
    apart = (np.sqrt(before) * betas / (1 - bars)) ** 2 * wrong
    kl = 0.5 * (tilde / sigma2 - 1 - np.log(tilde / sigma2) + apart / sigma2)
    prior = 0.5 * (bars[-1] * variance + (1 - bars[-1]) - 1 - math.log(1 - bars[-1]))
    scale, spread = math.sqrt(sigma2[0]), math.sqrt(wrong[0])

    def surprise(r: float) -> float:
        left = -abs(r)  # where Φ is small and keeps its digits
        mass = stats.norm.cdf((left + 1 / 255) / scale) - stats.norm.cdf((left - 1 / 255) / scale)
        return float(-stats.norm.pdf(r, scale=spread) * math.log(mass))

    decoder, _ = integrate.quad(surprise, -8 * spread, 8 * spread, epsabs=1e-12, limit=200)
    return prior / LN2, float(kl[1:].sum()) / LN2, decoder / LN2


@pytest.mark.parametrize("fixed", ["fixed_small", "fixed_large"])
def test_gaussian_data_has_the_closed_form(monkeypatch: pytest.MonkeyPatch, fixed: str) -> None:
    # Pictures and noise are the nodes of a product quadrature: weighted means over them are
    # expectations, exact for smooth integrands.
    variance, nodes = 0.01, 16
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    weights = weights / weights.sum()
    x0 = torch.from_numpy(np.repeat(points, nodes) * math.sqrt(variance)).reshape(-1, 1, 1, 1)
    eps = torch.from_numpy(np.tile(points, nodes)).reshape(-1, 1, 1, 1)

    def nodes_of(
        seed: int, T: int, numbers: Sequence[int], indices: Sequence[int], like: Tensor
    ) -> Tensor:
        return eps[list(numbers)]

    monkeypatch.setattr(likelihood, "bound_noise", nodes_of)
    process = DiffusionProcess(LINEAR, variance=fixed, clip_x0=False)
    bound = measure(process, GaussianDenoiser(variance), x0, batch=8000)
    got = float((np.outer(weights, weights).ravel() * bound.totals).sum())
    assert got == pytest.approx(sum(closed_form(variance, fixed)), abs=1e-6)


def test_drawn_noise_agrees_with_the_closed_form_within_its_error() -> None:
    # Seeded, since the mean of so few squares is off by more than a tenth once in thirty times.
    drawn = torch.Generator().manual_seed(0)
    x0 = 0.1 * torch.randn(60, 1, 4, 4, dtype=torch.float64, generator=drawn)
    process = DiffusionProcess(LINEAR, clip_x0=False)
    bound = measure(process, GaussianDenoiser(0.01), x0, steps=None, batch=6000)
    prior, middle, decoder = closed_form(0.01, "fixed_large")
    assert abs(bound.total - prior - middle - decoder) < 4 * bound.standard_error
    assert 0 < bound.standard_error < 0.1
    # E‖x_0 − x̂_0‖² of each timestep, from which the distortion is computed.
    bars = alphas_cumprod()
    mse = 0.01 * (1 - bars) / (bars * 0.01 + 1 - bars)
    np.testing.assert_allclose(bound.x0_mse, mse, rtol=0.25)
    np.testing.assert_allclose(bound.x0_mse.sum(), mse.sum(), rtol=0.1)


def test_perfect_predictor_of_a_point_mass() -> None:
    level = 100 / 127.5 - 1
    process = DiffusionProcess(LINEAR)
    x0 = torch.full((2, 1, 2, 2), level, dtype=torch.float64)
    bound = measure(process, PointDenoiser(level), x0, batch=1000)
    assert bound.middle == pytest.approx(0.486419230, abs=1e-9)
    assert bound.decoder == pytest.approx(1.3053777, rel=1e-7)
    assert bound.distortion.max() < 1e-6
    assert bound.eps_mse.max() < 1e-18
    assert bound.standard_error == pytest.approx(0, abs=1e-9)


def test_parts_add_up_and_the_rate_never_falls() -> None:
    process = short()
    bound = measure(process, GaussianDenoiser(0.3), grid_pictures(3, 1, 4, 4))
    assert list(bound.t) == list(range(1, 51))
    assert bound.total == pytest.approx(bound.prior + bound.bits.sum(), abs=1e-12)
    assert bound.total == pytest.approx(float(bound.totals.mean()), abs=1e-12)
    assert bound.total == pytest.approx(bound.rate[0] + bound.decoder, abs=1e-12)
    assert bound.rate[-1] == pytest.approx(bound.prior, abs=1e-15)
    assert (np.diff(bound.rate) <= 0).all()  # t rises here
    assert bound.rate[9] == pytest.approx(bound.prior + bound.bits[10:].sum(), abs=1e-12)
    assert np.isnan(likelihood.standard_error(bound.totals[:1]))


def test_rate_never_falls_in_float32_with_a_perfect_predictor() -> None:
    # KL is 0 up to rounding at every timestep: the worst case for a running sum.
    process = DiffusionProcess(LINEAR, variance="fixed_small")
    point = PointDenoiser(0.25)
    x0 = torch.full((1, 3, 4, 4), 0.25)
    bound = measure(process, lambda x, t: point(x.double(), t).float(), x0, batch=1000)
    assert (np.diff(bound.rate) <= 0).all()
    assert (bound.bits >= 0).all()


@pytest.mark.parametrize("steps", [None, 7])
def test_batches_and_interruptions_change_nothing(steps: int | None) -> None:
    process, model, x0 = short(), GaussianDenoiser(0.3), grid_pictures(3, 1, 4, 4)
    whole = measure(process, model, x0, steps, batch=11)
    for batch in (1, 64, 1000):
        other = measure(process, model, x0, steps, batch=batch)
        np.testing.assert_allclose(other.bits, whole.bits, rtol=1e-12)
        np.testing.assert_allclose(other.totals, whole.totals, rtol=1e-12)
    sums = BoundSums(50, steps, range(3))
    for _ in range(2):  # two interruptions, each within a picture
        job = measure_bound(process, lambda _: model, lambda n: x0[list(n)], sums, seed=0, batch=4)
        next(job)
        job.close()
        state = json.loads(json.dumps(sums.state()))
        sums = BoundSums(50, steps, range(3))
        sums.restore(state)
    assert sums.done == 8
    resumed = measure(process, model, x0, batch=11, sums=sums)
    np.testing.assert_array_equal(resumed.bits, whole.bits)
    np.testing.assert_array_equal(resumed.totals, whole.totals)


def test_the_seed_decides() -> None:
    process, model, x0 = short(), GaussianDenoiser(0.3), grid_pictures(2, 1, 4, 4)
    one, again, other = (measure(process, model, x0, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.totals, again.totals)
    assert (one.totals != other.totals).all()


def test_a_picture_meets_its_own_noise_in_any_company() -> None:
    process, model, x0 = short(), GaussianDenoiser(0.3), grid_pictures(3, 1, 4, 4)
    everybody = measure(process, model, x0)
    alone = measure(process, model, x0, sums=BoundSums(50, None, [2]))
    assert alone.totals[0] == everybody.totals[2]


def test_a_bound_under_way() -> None:
    process, model, x0 = short(), GaussianDenoiser(0.3), grid_pictures(2, 1, 4, 4)
    sums = BoundSums(50, None, range(2))
    job = measure_bound(process, lambda _: model, lambda n: x0[list(n)], sums, seed=0, batch=30)
    next(job)
    with pytest.raises(ValueError, match="finished"):
        sums.bound()
    next(job)
    assert sums.finished == 1
    whole = measure(process, model, x0)
    assert sums.bound().totals[0] == whole.totals[0]
    # The first ten timesteps have been evaluated for both pictures.
    np.testing.assert_allclose(sums.bound().bits[:10], whole.bits[:10], rtol=1e-12)


def test_fewer_timesteps_stand_for_all() -> None:
    np.testing.assert_array_equal(evaluated_timesteps(64, 4), [1, 2, 18, 64])
    np.testing.assert_array_equal(step_weights(np.array([1, 2, 6, 11]), 11), [1, 2.5, 4.5, 3])
    for T, steps in ((1000, 100), (1000, 999), (20, 19), (3, 3)):
        t = evaluated_timesteps(T, steps)
        assert t[:2].tolist() == [1, 2]
        assert t[-1] == T
        assert (np.diff(t) > 0).all()
        assert step_weights(t, T).sum() == pytest.approx(T)
    process, model = DiffusionProcess(LINEAR, clip_x0=False), GaussianDenoiser(0.01)
    generator = torch.Generator().manual_seed(0)
    x0 = 0.1 * torch.randn(20, 1, 8, 8, dtype=torch.float64, generator=generator)
    part = measure(process, model, x0, steps=100, batch=4000)
    whole = measure(process, model, x0, batch=4000)
    assert len(part.t) <= 100
    assert part.total == pytest.approx(whole.total, abs=4 * whole.standard_error)
    assert part.total == pytest.approx(part.prior + part.middle + part.decoder, abs=1e-12)
    assert part.total == pytest.approx(part.rate[0] + part.decoder, abs=1e-9)
    assert part.total == pytest.approx(float(part.totals.mean()), abs=1e-9)
    for steps in (2, 1001):
        with pytest.raises(ValueError, match=r"3\.\.1000"):
            evaluated_timesteps(1000, steps)


def test_a_foreign_state_is_refused() -> None:
    sums = BoundSums(50, 7, range(2))
    good = sums.state()
    for bad in (
        {},
        {**good, "done": 15},
        {**good, "done": 7},
        {**good, "sums": [[0.0] * 6] * 3},
        {**good, "totals": None},
    ):
        with pytest.raises(ValueError, match="state"):
            sums.restore(bad)
    with pytest.raises(ValueError, match="at least one"):
        BoundSums(50, 7, [])


def test_progressive_decoding_is_the_bound_of_one_picture() -> None:
    process, model, x0 = short(), GaussianDenoiser(0.3), grid_pictures(1, 1, 4, 4)
    bound = measure(process, model, x0, seed=3)
    shown = list(progressive_decoding(process, model, x0, [50, 20, 1], 3))
    assert [moment.t for moment in shown] == [50, 20, 1]
    for moment in shown:
        assert moment.distortion == pytest.approx(float(bound.distortion[moment.t - 1]), rel=1e-9)
        assert moment.x0_hat.shape == moment.x_t.shape == moment.eps.shape == x0.shape
        assert float(moment.x0_hat.abs().max()) <= 1
    assert shown[0].distortion > shown[-1].distortion
