"""Sampling of timesteps: uniform at first, then by the RMS of the last ten losses."""

from __future__ import annotations

import math
from collections import deque
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.likelihood.bound import bound_terms
from ddpm_studio.engine.timesteps import LossSecondMoment, UniformTimesteps, timestep_sampler
from tests.engine.gaussian import GaussianDenoiser

T = 12


def _trained(steps: int = 40, batch: int = 64) -> tuple[LossSecondMoment, list[deque[float]]]:
    """Return a loss-aware sampler and a plain list of the losses that it should remember."""
    sampler, memory = LossSecondMoment(T, "cpu"), [deque[float](maxlen=10) for _ in range(T)]
    rng = np.random.default_rng(0)
    for _ in range(steps):
        index = rng.integers(0, T, batch) if rng.random() < 0.8 else np.zeros(batch, np.int64)
        losses = rng.exponential(1 + index).astype(np.float32)
        sampler.update(torch.from_numpy(index), torch.from_numpy(losses))
        for i, loss in zip(index, losses, strict=True):
            memory[i].append(float(loss))
    return sampler, memory


def test_uniform_until_every_timestep_has_ten_losses() -> None:
    sampler = LossSecondMoment(3, "cpu")
    for _ in range(10):
        assert torch.equal(sampler.probabilities(), torch.full((3,), 1 / 3))
        sampler.update(torch.tensor([0, 1, 1, 2]), torch.tensor([1.0, 2.0, 2.0, 3.0]))
    assert sampler.probabilities().tolist() == pytest.approx(
        [0.999 * k / 6 + 0.001 / 3 for k in (1, 2, 3)], rel=1e-6
    )


def test_it_remembers_the_last_ten_also_with_repeats_in_a_batch() -> None:
    sampler, memory = _trained()
    for i in range(T):
        assert sorted(sampler.history[i].tolist()) == pytest.approx(sorted(memory[i]))
    root = np.array([np.sqrt(np.mean(np.square(list(m)))) for m in memory])
    expected = 0.999 * root / root.sum() + 0.001 / T
    np.testing.assert_allclose(sampler.probabilities(), expected, rtol=1e-5)


def test_losses_whose_squares_are_no_float32_still_give_probabilities() -> None:
    sampler = LossSecondMoment(3, "cpu")
    for _ in range(10):
        sampler.update(torch.arange(3), torch.tensor([1e30, 2e30, 3e30]))
    assert sampler.probabilities().tolist() == pytest.approx(
        [0.999 * k / 6 + 0.001 / 3 for k in (1, 2, 3)], rel=1e-6
    )


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_losses_that_are_not_finite_are_ignored(wrong: float) -> None:
    sampler = LossSecondMoment(3, "cpu")
    for k in range(10):
        # As many of them as of real losses, and more than are remembered.
        sampler.update(torch.tensor([0, 1, 1, 2]), torch.tensor([wrong, wrong, 2.0, 3.0]))
        sampler.update(torch.full((12,), 1), torch.full((12,), wrong))
        if k < 9:
            sampler.update(torch.tensor([0]), torch.tensor([1.0]))
    assert torch.equal(sampler.probabilities(), torch.full((3,), 1 / 3))
    sampler.update(torch.tensor([0]), torch.tensor([1.0]))
    # √E[L²] is 1, 2 and 3.
    assert sampler.probabilities().tolist() == pytest.approx(
        [0.999 * k / 6 + 0.001 / 3 for k in (1, 2, 3)], rel=1e-6
    )
    index, _ = sampler.draw(100, torch.Generator().manual_seed(0))
    assert int(index.max()) < 3


def test_draws_follow_the_probabilities_and_weights_undo_them() -> None:
    sampler, _ = _trained()
    p = sampler.probabilities()
    index, weights = sampler.draw(200_000, torch.Generator().manual_seed(0))
    assert weights is not None
    np.testing.assert_allclose(np.bincount(index, minlength=T) / 200_000, p, atol=0.005)
    torch.testing.assert_close(weights, 1 / (T * p[index]))
    # Unbiased: the weighted mean of any function of t is its plain mean.
    assert float((weights * (1 + index)).mean()) == pytest.approx((T + 1) / 2, rel=0.01)


class _DeterministicGPU(TorchDispatchMode):
    """Raises for operations that torch refuses on a GPU with ``use_deterministic_algorithms``."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func._schema.name
        if name == "aten::multinomial" or (name == "aten::cumsum" and args[0].is_floating_point()):
            raise RuntimeError("cumsum_cuda_kernel does not have a deterministic implementation")
        return func(*args, **(kwargs or {}))


def test_it_draws_and_learns_in_deterministic_mode() -> None:
    sampler, _ = _trained()
    with _DeterministicGPU():
        index, _ = sampler.draw(8, torch.Generator().manual_seed(0))
        sampler.update(index, torch.ones(8))


def test_what_is_hardly_ever_drawn_is_drawn_as_often_as_its_weight_says() -> None:
    sampler = LossSecondMoment(1000, "cpu")
    for _ in range(10):
        sampler.update(torch.arange(1000), torch.where(torch.arange(1000) == 7, 1e9, 1e-9))
    index, weights = sampler.draw(100_000, torch.Generator().manual_seed(0))
    assert weights is not None
    others = index != 7
    assert int(others.sum()) == pytest.approx(100, rel=0.4)
    assert float(weights[others].double().mean()) == pytest.approx(1000, rel=1e-2)
    assert index.min() >= 0
    assert index.max() < 1000


def test_state_survives() -> None:
    sampler, _ = _trained()
    again = timestep_sampler("loss_second_moment", T, "cpu")
    again.load(sampler.tensors())
    for one in (sampler, again):
        one.update(torch.tensor([3, 3, 5]), torch.tensor([9.0, 8.0, 7.0]))
    a = sampler.draw(50, torch.Generator().manual_seed(1))
    b = again.draw(50, torch.Generator().manual_seed(1))
    assert torch.equal(a[0], b[0])
    for key, value in sampler.tensors().items():
        assert torch.equal(value, again.tensors()[key])
    with pytest.raises(ValueError, match="another T"):
        LossSecondMoment(T + 1, "cpu").load(sampler.tensors())
    with pytest.raises(ValueError, match="missing"):
        LossSecondMoment(T, "cpu").load({})


def test_uniform_has_no_state_and_no_weights() -> None:
    sampler = timestep_sampler("uniform", T, "cpu")
    assert isinstance(sampler, UniformTimesteps)
    assert sampler.tensors() == {}
    index, weights = sampler.draw(1000, torch.Generator().manual_seed(0))
    assert weights is None
    assert set(index.tolist()) == set(range(T))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="there are uniform"):
        timestep_sampler("normal", T, "cpu")


def test_it_lowers_the_variance_of_the_bound() -> None:
    """The estimate w_t·L_t of the bound scatters less than L_t at uniform t [IDDPM §3.3]."""
    schedule = NoiseSchedule.linear(100)
    process = DiffusionProcess(schedule, clip_x0=False)
    model = GaussianDenoiser(0.25, schedule.betas.numpy())
    generator = torch.Generator().manual_seed(0)
    sampler = LossSecondMoment(100, "cpu")

    def measure(index: torch.Tensor) -> torch.Tensor:
        x0 = 0.5 * torch.randn(len(index), 1, 4, 4, generator=generator, dtype=torch.float64)
        noise = torch.randn(x0.shape, generator=generator, dtype=torch.float64)
        return bound_terms(process, model, x0, index, noise).bits.abs()

    for _ in range(10):
        index = torch.arange(100)
        sampler.update(index, measure(index))
    uniform = measure(torch.randint(100, (20_000,), generator=generator))
    index, weights = sampler.draw(20_000, generator)
    assert weights is not None
    weighted = weights * measure(index)
    assert float(weighted.mean()) == pytest.approx(float(uniform.mean()), rel=0.1)
    assert float(weighted.var()) < 0.25 * float(uniform.var())
