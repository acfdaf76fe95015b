"""Training losses: scale, weights and gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.likelihood.bound import bound_terms
from ddpm_studio.engine.losses import TrainingLoss, check_loss, min_snr_weights
from ddpm_studio.engine.tables import LOSSES, PARAMETERIZATIONS, VARIANCES
from tests.engine.gaussian import alphas_cumprod

LINEAR = NoiseSchedule.linear()
EVERY = torch.arange(0, 1000, 7)


def _draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def _batch() -> tuple[Tensor, Tensor]:
    n = len(EVERY)
    return _draw(n, 1, 2, 2).clamp(-0.9, 0.9), _draw(n, 1, 2, 2, seed=1)


def _gradients(process: DiffusionProcess, loss: str, output: Tensor) -> Tensor:
    leaf = output.clone().requires_grad_()
    x0, noise = _batch()
    TrainingLoss(loss)(process, lambda x, t: leaf, x0, EVERY, noise).sum().backward()
    assert leaf.grad is not None
    return leaf.grad


def test_vlb_is_the_bound_times_T() -> None:
    process = DiffusionProcess(LINEAR, clip_x0=False)
    x0, noise = _batch()
    eps = _draw(len(EVERY), 1, 2, 2, seed=2)
    loss = TrainingLoss("vlb")(process, lambda x, t: eps, x0, EVERY, noise)
    bits = bound_terms(process, lambda x, t: eps, x0, EVERY, noise).bits
    torch.testing.assert_close(loss, 1000 * bits, rtol=1e-9, atol=1e-12)


def test_hybrid_gradient_of_mean_is_simple_and_of_variance_is_the_bound() -> None:
    learned = DiffusionProcess(LINEAR, variance="learned_range")
    output = _draw(len(EVERY), 2, 2, 2, seed=2)
    hybrid = _gradients(learned, "hybrid", output)
    simple = _gradients(DiffusionProcess(LINEAR), "simple", output[:, :1])
    bound = _gradients(learned, "vlb", output)
    torch.testing.assert_close(hybrid[:, :1], simple, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(hybrid[:, 1:], 0.001 * bound[:, 1:], rtol=1e-9, atol=1e-12)
    assert bound[:, 1:].abs().min() > 0


def test_loss_is_not_clipped() -> None:
    """A clipped x̂_0 passes no gradient: the bound's must reach a far-off prediction."""
    for parameterization in ("eps", "x0"):
        process = DiffusionProcess(LINEAR, parameterization, clip_x0=True)
        gradient = _gradients(process, "vlb", 50 * torch.ones(len(EVERY), 1, 2, 2).double())
        assert gradient.abs().min() > 0


@pytest.mark.parametrize("parameterization", tuple(PARAMETERIZATIONS))
def test_min_snr_is_the_same_objective_in_every_parameterisation(
    parameterization: str,
) -> None:
    process = DiffusionProcess(LINEAR, parameterization, clip_x0=False)
    x0, noise = _batch()
    wrong = x0 + 0.1 * _draw(len(EVERY), 1, 2, 2, seed=2)
    x_t = process.q_sample(x0, EVERY, noise)
    eps = process.eps_from_x0(x_t, EVERY, wrong)
    prediction = process.target(wrong, x_t, EVERY, eps)
    got = TrainingLoss("min_snr")(process, lambda x, t: prediction, x0, EVERY, noise)
    bar = torch.from_numpy(alphas_cumprod())[EVERY]
    weight = (bar / (1 - bar)).clamp(max=5)
    expected = weight * (wrong - x0).square().flatten(1).mean(1)
    torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-12)


def test_min_snr_weights_of_eps() -> None:
    bar = torch.from_numpy(alphas_cumprod())
    snr = bar / (1 - bar)
    got = min_snr_weights(DiffusionProcess(LINEAR), torch.arange(1000), torch.empty(0).double())
    torch.testing.assert_close(got, (5 / snr).clamp(max=1), rtol=1e-9, atol=0)


class _TablesRead(TorchDispatchMode):
    """Records operations on whole float64 tables, which are never on a GPU."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[str] = []

    def __torch_dispatch__(
        self,
        func: Any,
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        tensors = [given for given in args if isinstance(given, Tensor)]
        if any(x.shape == (LINEAR.T,) and x.dtype == torch.float64 for x in tensors):
            self.noted.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("loss", tuple(LOSSES))
@pytest.mark.parametrize("parameterization", tuple(PARAMETERIZATIONS))
def test_no_table_comes_from_the_cpu_again(parameterization: str, loss: str) -> None:
    """A second step copies no table from the CPU: within a CUDA graph that is an error."""
    variance: str = "learned_range" if loss == "hybrid" else "fixed_large"
    process = DiffusionProcess(LINEAR, parameterization, variance)
    x0, noise = (tensor.float() for tensor in _batch())
    output = _draw(len(EVERY), 1 + process.learned, 2, 2, seed=2).float()
    with _TablesRead() as first:
        TrainingLoss(loss)(process, lambda x, t: output, x0, EVERY, noise)
    with _TablesRead() as second:
        TrainingLoss(loss)(process, lambda x, t: output, x0, EVERY, noise)
    assert second.noted == [], first.noted


@pytest.mark.parametrize("loss", tuple(LOSSES))
@pytest.mark.parametrize("variance", tuple(VARIANCES))
@pytest.mark.parametrize("parameterization", tuple(PARAMETERIZATIONS))
def test_every_combination_trains_or_says_why_not(
    parameterization: str, variance: str, loss: str
) -> None:
    process = DiffusionProcess(LINEAR, parameterization, variance)
    sensible = loss == "vlb" or (loss == "hybrid") == process.learned
    if not sensible:
        with pytest.raises(ValueError, match=f"the loss '{loss}'"):
            check_loss(process, loss)
        return
    check_loss(process, loss)
    gradient = _gradients(process, loss, 0.1 * _draw(len(EVERY), 1 + process.learned, 2, 2, seed=2))
    assert gradient.isfinite().all()
    assert gradient.flatten(1).abs().amax(1).min() > 0
