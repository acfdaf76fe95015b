"""Strided sampling with a network that predicts μ̃ of its training step t → t − 1."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import SAMPLERS, DiffusionProcess, NoiseSchedule, PictureNoise
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from tests.engine.gaussian import GaussianDenoiser, alphas_cumprod, linear_betas
from tests.engine.walking import finish

DATA = 0.25
LINEAR = NoiseSchedule.linear()
BETAS = torch.from_numpy(linear_betas())
BAR = torch.from_numpy(alphas_cumprod())
BEFORE = torch.cat([torch.ones(1, dtype=torch.float64), BAR[:-1]])

# All but the adaptive sampler, which evaluates between timesteps, and those of few-step students.
_SAMPLERS = [name for name, one in SAMPLERS.items() if name != "ode" and not one.few_step]


def best_mean(x: Tensor, t: Tensor) -> Tensor:
    """Return E[x_{t−1}|x_t] for N(0, DATA): the least-squares solution of eq. 7's regression."""
    covariance = (1 - BETAS[t]).sqrt() * (BEFORE[t] * DATA + 1 - BEFORE[t])
    variance = BAR[t] * DATA + 1 - BAR[t]
    return (covariance / variance).reshape(-1, 1, 1, 1) * x


def drawn(
    name: str, predicts: str, clip: bool, steps: int | Tensor | None, t: int | None
) -> list[Tensor]:
    noise = PictureNoise(3, [0, 1], "cpu")
    x = noise.draw((1, 4, 4)).double()
    model = best_mean if predicts == "mu" else GaussianDenoiser(DATA)
    process = DiffusionProcess(LINEAR, predicts, clip_x0=clip)
    x_0, frames = finish(run_sampler(SAMPLERS[name], process, model, x, noise, steps, t=t))
    return [x_0, *(frame.x0_hat for frame in frames), *(frame.x_t for frame in frames)]


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("name", _SAMPLERS)
def test_the_exact_network_draws_as_one_that_predicts_eps(name: str, clip: bool) -> None:
    # With clipping, a last step of length 1 would keep the network's own mean.
    steps = torch.arange(19, 1000, 49) if clip else 20
    of_mu, of_eps = (drawn(name, predicts, clip, steps, None) for predicts in ("mu", "eps"))
    torch.testing.assert_close(of_mu, of_eps, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kept", [[0, 1, 2, 400, 999], [500], list(range(0, 1000, 20))])
def test_of_any_timesteps(kept: list[int]) -> None:
    of_mu, of_eps = (
        drawn("ddpm", predicts, False, torch.tensor(kept), None) for predicts in ("mu", "eps")
    )
    torch.testing.assert_close(of_mu, of_eps, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("t", [1, 300])
def test_each_single_step_keeps_the_networks_mean(t: int) -> None:
    """Clipping leaves the network's mean of a single step as it is, as in the DDPM code."""
    process = DiffusionProcess(LINEAR, "mu", clip_x0=True)
    part = DiffusionProcess(LINEAR.keep(torch.arange(t)), "mu", clip_x0=True)
    x = torch.full((1, 1, 2, 2), 3.0, dtype=torch.float64)
    index = torch.tensor([t - 1])
    for one in (process, part):
        p = one.reverse(torch.full_like(x, 1.7), x, t - 1)
        torch.testing.assert_close(p.mean, torch.full_like(x, 1.7))
        assert float(p.x0_hat.abs().max()) == 1
        by_tensor = one.reverse(torch.full_like(x, 1.7), x, index)
        torch.testing.assert_close(by_tensor.mean, p.mean)


def test_a_longer_step_forms_the_mean_from_the_clipped_picture() -> None:
    part = DiffusionProcess(LINEAR.keep(torch.tensor([299, 399])), "mu", clip_x0=True)
    x = torch.full((1, 1, 2, 2), 3.0, dtype=torch.float64)
    p = part.reverse(torch.full_like(x, 2.9), x, 1)
    assert float(p.x0_hat.abs().max()) == 1
    torch.testing.assert_close(p.mean, part.q_posterior_mean(p.x0_hat, x, 1))
    by_tensor = part.reverse(torch.full_like(x, 2.9), x, torch.tensor([1]))
    torch.testing.assert_close(by_tensor.mean, p.mean)


def test_zero_terminal_snr() -> None:
    """x_0 follows from the network's mean at T, for β_T is 1."""
    whole = LINEAR.with_zero_terminal_snr()
    part = whole.strided(10)
    for schedule in (whole, part):
        process = DiffusionProcess(schedule, "mu", clip_x0=False)
        x = torch.randn(1, 1, 2, 2, dtype=torch.float64)
        x_0 = torch.full_like(x, 0.5)
        told = whole.alphas_cumprod[-2].sqrt() * x_0
        p = process.reverse(told, x, schedule.T - 1)
        torch.testing.assert_close(p.x0_hat, x_0)
