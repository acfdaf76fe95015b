"""Consistency tuning: the pairs of noise levels that are compared, and the loss between them."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.consistency.loss import consistency_loss
from ddpm_studio.engine.consistency.pairs import ConsistencyConfig, Pairs
from tests.engine.gaussian import alphas_cumprod

LINEAR = NoiseSchedule.linear()
CONFIG = ConsistencyConfig(stage_steps=10)


def drawn(parameterization: str, step: int, count: int = 4000, stages: int = 8) -> Tensor:
    process = DiffusionProcess(LINEAR, parameterization)
    config = ConsistencyConfig(stage_steps=10, stages=stages)
    generator = torch.Generator().manual_seed(0)
    return Pairs(process, config, torch.device("cpu")).draw(count, step, generator)


def test_the_gap_is_the_paper_s() -> None:
    # 1 + 8/(1 + e) = 3.1515: an eighth of it in the third stage.
    assert [CONFIG.stage(step) for step in (0, 9, 10, 25, 79, 80, 10**6)] == [1, 1, 2, 3, 8, 8, 8]
    one = torch.ones(1, dtype=torch.float64)
    assert float(CONFIG.lower_level(one, 3)) == pytest.approx(1 - 3.15152924 / 8, rel=1e-6)
    # Near 0 n is 5: below the third stage the pair reaches down to the picture itself.
    small = one * 1e-3
    assert float(CONFIG.lower_level(small, 2)) == 0.0
    assert float(CONFIG.lower_level(small, 3) / small) == pytest.approx(1 - 5 / 8, rel=1e-3)
    # Far from it n is 1.
    assert float(CONFIG.lower_level(80 * one, 1)) == pytest.approx(40)


@pytest.mark.parametrize("parameterization", ["edm", "flow"])
def test_sigma_itself_where_the_network_knows_any(parameterization: str) -> None:
    for step in (0, 75):
        sigma, r = drawn(parameterization, step).unbind(1)
        assert bool((sigma > r).all())
        assert bool((r >= 0).all())
        logs = sigma.log().numpy()
        assert np.mean(logs) == pytest.approx(-1.1, abs=0.1)
        assert np.std(logs) == pytest.approx(2.0, abs=0.1)
    assert bool((r > 0).all())


def test_by_label_the_gap_shrinks_to_one_timestep() -> None:
    means = []
    for step in range(0, 240, 30):
        index, lower_level = drawn("x0", step, stages=24).unbind(1)
        assert index.dtype == torch.int64
        assert bool(((lower_level >= -1) & (lower_level < index)).all())
        means.append(float((index - lower_level).float().mean()))
    assert means == sorted(means, reverse=True)
    assert means[-1] == 1.0
    # The first stage is diffusion training: at small σ the target is the picture itself.
    index, lower_level = drawn("x0", 0).unbind(1)
    assert bool((lower_level[index < 100] == -1).all())


def test_the_loss_is_what_it_says() -> None:
    """The loss equals numpy's for a network that predicts x_0, at two labels and at r = 0."""
    rng = np.random.default_rng(0)
    x0, noise = rng.normal(size=(2, 3, 1, 4, 4))
    index, lower_level = np.array([700, 300, 40]), np.array([690, 120, -1])
    bar = alphas_cumprod()

    def f(level: int, k: int) -> tuple[np.ndarray, float]:
        a = bar[level]
        sigma = math.sqrt((1 - a) / a)
        x_t = math.sqrt(a) * x0[k] + math.sqrt(1 - a) * noise[k]
        skip = 0.03**2 / (sigma**2 + 0.03**2)
        return skip * x_t / math.sqrt(a) + (1 - skip) * (np.sin(2 * x_t) + level / 1000), sigma

    expected = []
    for k in range(3):
        at, sigma = f(int(index[k]), k)
        to, r = f(int(lower_level[k]), k) if lower_level[k] >= 0 else (x0[k], 0.0)
        huber = math.sqrt(np.mean((at - to) ** 2) + 0.00054**2) - 0.00054
        expected.append(huber / (sigma - r))
    losses = consistency_loss(
        DiffusionProcess(LINEAR, "x0"),
        lambda x, t: torch.sin(2 * x) + t.double().reshape(-1, 1, 1, 1) / 1000,
        torch.from_numpy(x0),
        torch.from_numpy(np.stack([index, lower_level], 1)),
        torch.from_numpy(noise),
        CONFIG,
    )
    np.testing.assert_allclose(losses.numpy(), expected, rtol=1e-9)


def test_no_gradient_goes_through_the_target() -> None:
    network = nn.Conv2d(1, 1, 1, bias=False).double()
    x0 = torch.ones(1, 1, 2, 2, dtype=torch.float64)

    def loss(model: object) -> Tensor:
        return consistency_loss(
            DiffusionProcess(LINEAR, "v"),
            lambda x, t: model(x),  # type: ignore[operator]
            x0,
            torch.tensor([[500, 400]]),
            x0,
            CONFIG,
        ).sum()

    loss(network).backward()
    assert network.weight.grad is not None
    own = float(network.weight.grad)
    # With the target held fixed, finite differences of the network at σ alone give the same slope.
    frozen = network.weight.detach().clone()

    def at(weight: Tensor) -> float:
        calls = iter([frozen, weight])
        return float(loss(lambda x: next(calls) * x))

    step = 1e-5
    slope = (at(frozen + step) - at(frozen - step)) / (2 * step)
    assert own == pytest.approx(slope, rel=1e-6)


def test_both_evaluations_drop_out_the_same() -> None:
    seen: list[Tensor] = []

    def model(x: Tensor, t: Tensor) -> Tensor:
        seen.append(torch.rand(4))
        return x

    x0 = torch.ones(1, 1, 2, 2)
    arguments = (DiffusionProcess(LINEAR, "v"), model, x0, torch.tensor([[500, 400]]), x0, CONFIG)
    consistency_loss(*arguments, same_dropout=torch.random.fork_rng())
    assert torch.equal(*seen)
    seen.clear()
    consistency_loss(*arguments, same_dropout=contextlib.nullcontext())
    assert not torch.equal(*seen)


def test_refusals() -> None:
    for wrong in ({"stage_steps": 0}, {"q": 0.5}, {"c": 0.0}, {"stages": 0}, {"k": -1.0}):
        with pytest.raises(ValueError, match="must be"):
            ConsistencyConfig(**{"stage_steps": 1, **wrong})  # type: ignore[arg-type]
