"""Ancestral and DDIM sampling on Gaussian data with the exact ε*."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise, ancestral, ddim
from tests.engine.gaussian import GaussianDenoiser, alphas_cumprod, impulses
from tests.engine.walking import finish

LINEAR = NoiseSchedule.linear()


@pytest.mark.parametrize(
    ("data", "variance", "expected", "rel"),
    [
        (1.0, "fixed_large", 0.9999, 1e-9),
        (1.0, "fixed_small", 0.9910673764, 1e-9),
        (0.25, "fixed_large", 0.2507520750, 1e-9),
        (0.25, "fixed_small", 0.2461252114, 1e-9),
    ],
)
def test_ancestral_variance(data: float, variance: str, expected: float, rel: float) -> None:
    process = DiffusionProcess(LINEAR, variance=variance, clip_x0=False)
    x, noise = impulses(1000)
    out, _ = finish(ancestral(process, GaussianDenoiser(data), x, noise))
    assert float(out.square().sum()) == pytest.approx(expected, rel=rel)


def test_strided_ancestral_variance() -> None:
    """With σ² = β of the kept steps, N(0, 1) stays N(0, 1) until the last step drops its noise."""
    schedule = LINEAR.strided(37)
    process = DiffusionProcess(schedule, clip_x0=False)
    x, noise = impulses(37)
    out, frames = finish(ancestral(process, GaussianDenoiser(), x, noise))
    assert float(out.square().sum()) == pytest.approx(float(alphas_cumprod()[0]), rel=1e-9)
    assert [f.t for f in frames] == [*(schedule.timesteps + 1).flip(0).tolist(), 0]


def test_ddim_is_the_product_of_its_closed_form() -> None:
    """For N(0, s²), each η = 0 step is a multiplication known in closed form."""
    steps, data = 30, 0.25
    schedule = LINEAR.strided(steps)
    x, noise = impulses(0)
    process = DiffusionProcess(schedule, clip_x0=False)
    out, _ = finish(ddim(process, GaussianDenoiser(data), x, noise))
    kept = schedule.timesteps.numpy()
    bar = alphas_cumprod()[kept]
    previous = np.concatenate([[1.0], bar[:-1]])
    total = bar * data + 1 - bar
    factor = np.sqrt(previous * bar) * data / total + np.sqrt((1 - previous) * (1 - bar)) / total
    assert float(out.squeeze()) == pytest.approx(float(np.prod(factor)), rel=1e-9)


def test_ddim_approaches_the_flow_at_first_order() -> None:
    """The exact flow maps x_T of variance ᾱs²+1−ᾱ to s²; the error falls as 1/steps."""
    data, bar = 0.25, float(alphas_cumprod()[-1])
    exact = np.sqrt(data / (bar * data + 1 - bar))
    errors = []
    for steps in (125, 250, 500):
        x, noise = impulses(0)
        process = DiffusionProcess(LINEAR.strided(steps), clip_x0=False)
        out, _ = finish(ddim(process, GaussianDenoiser(data), x, noise))
        errors.append(abs(float(out.squeeze()) - exact))
    ratios = np.array(errors[:-1]) / np.array(errors[1:])
    assert (ratios > 1.7).all()
    assert (ratios < 2.4).all()


def test_ddim_with_eta_one_is_ancestral_with_small_variance() -> None:
    for steps in (1000, 30):
        process = DiffusionProcess(LINEAR.strided(steps), variance="fixed_small", clip_x0=False)
        model = GaussianDenoiser(0.25)
        a, _ = finish(ancestral(process, model, *impulses(steps)))
        b, _ = finish(ddim(process, model, *impulses(steps), eta=1.0))
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("sampler", [ancestral, ddim])
def test_frames_tell_the_whole_trajectory(sampler: object) -> None:
    assert callable(sampler)
    model = GaussianDenoiser()
    process = DiffusionProcess(LINEAR.strided(7))
    x = torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    out, frames = finish(sampler(process, model, x, PictureNoise(0, range(2), "cpu")))
    assert [f.index for f in frames] == list(range(8))
    assert {f.total for f in frames} == {7}
    assert model.calls == 7
    assert frames[0].t == 1000
    assert torch.equal(frames[0].x_t, x)
    assert frames[-1].t == 0
    assert torch.equal(frames[-1].x_t, out)
    assert torch.equal(frames[-1].x0_hat, out)
    for frame in frames:
        assert frame.x_t.shape == frame.x0_hat.shape == frame.eps.shape == x.shape


def test_last_step_adds_no_noise() -> None:
    process = DiffusionProcess(LINEAR)
    x = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    out, frames = finish(ancestral(process, GaussianDenoiser(), x, PictureNoise(3, [0], "cpu")))
    torch.testing.assert_close(out, frames[-2].x0_hat)


def test_a_picture_does_not_depend_on_its_batch() -> None:
    alone = PictureNoise(7, [5], "cpu")
    among = PictureNoise(7, [3, 5, 4], "cpu")
    for _ in range(3):
        assert torch.equal(alone.draw((3, 4, 4))[0], among.draw((3, 4, 4))[1])
    shared = PictureNoise(7, [5, 5, 2], "cpu").draw((1, 4, 4))
    assert torch.equal(shared[0], shared[1])
    assert torch.equal(shared[0], PictureNoise(7, [5], "cpu").draw((1, 4, 4))[0])
    assert not torch.equal(shared[0], shared[2])
    assert not torch.equal(shared[0], PictureNoise(8, [5], "cpu").draw((1, 4, 4))[0])
