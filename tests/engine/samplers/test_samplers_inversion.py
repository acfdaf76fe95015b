"""DDIM inversion: closed form on Gaussian data, and round trips."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise, ddim
from ddpm_studio.engine.samplers import ddim_inversion
from tests.engine.gaussian import GaussianDenoiser, TwoHills, alphas_cumprod
from tests.engine.walking import finish

LINEAR = NoiseSchedule.linear()
NOISE = PictureNoise(0, [0, 1], "cpu")


def process(steps: int) -> DiffusionProcess:
    return DiffusionProcess(LINEAR.strided(steps), clip_x0=False)


def pictures() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 1, 8, 8, generator=generator, dtype=torch.float64) * 2 - 1


def round_trip(steps: int, iterations: int = 1, clip: bool = False) -> float:
    """Return the RMSE, on 0..255, of pictures encoded and decoded again."""
    x0, p = pictures(), process(steps)
    latent, _ = finish(ddim_inversion(p, TwoHills(), x0, iterations))
    decode = DiffusionProcess(p.schedule, clip_x0=clip)
    back, _ = finish(ddim(decode, TwoHills(), latent, NOISE))
    return 127.5 * float((back - x0).square().mean().sqrt())


def test_error_falls_with_the_steps() -> None:
    errors = [round_trip(steps) for steps in (50, 100, 200, 400)]
    assert errors[0] > 1.7 * errors[1] > 1.7**2 * errors[2] > 1.7**3 * errors[3]
    assert errors[2] < 2


def test_more_iterations_reach_the_exact_inverse() -> None:
    errors = [round_trip(50, iterations) for iterations in (1, 2, 4, 40)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    assert errors[3] < 1e-6


def test_closed_form_on_gaussian_data() -> None:
    """Each step multiplies by a number: √(ᾱ_t/ᾱ_s) + (√(1−ᾱ_t) − √(ᾱ_t/ᾱ_s)√(1−ᾱ_s))·ε*."""
    data, schedule = 0.25, LINEAR.strided(30)
    bar = alphas_cumprod()[schedule.timesteps]
    before = np.append(1.0, bar[:-1])
    ratio = np.sqrt(bar / before)
    eps = np.sqrt(1 - bar) / (bar * data + 1 - bar)
    factor = np.prod(ratio + (np.sqrt(1 - bar) - ratio * np.sqrt(1 - before)) * eps)
    x0 = pictures()
    latent, _ = finish(ddim_inversion(process(30), GaussianDenoiser(data), x0))
    torch.testing.assert_close(latent, factor * x0, rtol=1e-9, atol=0)


def test_latent_of_data_has_the_size_of_noise() -> None:
    generator = torch.Generator().manual_seed(2)
    x0 = 0.5 * torch.randn(2, 1, 64, 64, generator=generator, dtype=torch.float64)
    latent, _ = finish(ddim_inversion(process(1000), GaussianDenoiser(0.25), x0))
    assert float(latent.var() / (4 * x0.var())) == pytest.approx(1, abs=0.01)


def test_frames_go_up() -> None:
    x0, p = pictures(), process(7)
    latent, frames = finish(ddim_inversion(p, TwoHills(), x0))
    assert [f.t for f in frames] == [0, *(p.schedule.timesteps + 1).tolist()]
    assert [f.index for f in frames] == list(range(8))
    assert {f.total for f in frames} == {7}
    assert torch.equal(frames[0].x_t, x0)
    assert torch.equal(frames[0].x0_hat, x0)
    assert torch.equal(frames[-1].x_t, latent)
    for f in frames:
        assert f.x_t.shape == f.x0_hat.shape == f.eps.shape == x0.shape


def test_as_many_evaluations_as_iterations() -> None:
    model = GaussianDenoiser()
    finish(ddim_inversion(process(7), model, pictures(), iterations=3))
    assert model.calls == 21
    with pytest.raises(ValueError, match="iterations must be 1 or more"):
        finish(ddim_inversion(process(7), model, pictures(), iterations=0))
