"""EDM's stochastic sampler against Algorithm 2 worked out in numpy, and against Heun's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise
from ddpm_studio.engine.samplers import SAMPLERS, edm_churn, grid, heun
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from tests.engine.gaussian import GaussianDenoiser, TwoHills, alphas_cumprod, impulses
from tests.engine.samplers.test_samplers_order import exact_variance
from tests.engine.walking import finish

LINEAR = NoiseSchedule.linear()
PROCESS = DiffusionProcess(LINEAR, clip_x0=False)
SIGMAS = np.sqrt(1 / alphas_cumprod() - 1)
KEPT = grid.karras(LINEAR, 18).tolist()


def algorithm_2(
    data: float, kept: list[int], churn: float, low: float, high: float, size: float
) -> tuple[float, int]:
    """Return the variance of x_0 and the number of noise additions of Algorithm 2 for N(0, data).

    D(x; σ) = data·x/(data + σ²). The input x̃ has variance 1 + σ²; all is linear in x̃ and in each
    noise, so that variances simply add.
    """
    levels = SIGMAS
    variance, draws = 1 / alphas_cumprod()[kept[-1]], 0
    sigma = [*levels[kept[::-1]], 0.0]
    for i in range(len(kept)):
        gamma = min(churn / len(kept), math.sqrt(2) - 1) if low <= sigma[i] <= high else 0.0
        # round_sigma of the published code.
        hat = levels[np.abs(levels - (1 + gamma) * sigma[i]).argmin()]
        draws += int(hat > sigma[i])
        variance += (hat**2 - sigma[i] ** 2) * size**2
        slope = hat / (data + hat**2)
        euler = 1 + (sigma[i + 1] - hat) * slope
        factor = euler
        if sigma[i + 1] > 0:
            slope_ahead = sigma[i + 1] / (data + sigma[i + 1] ** 2) * euler
            factor = 1 + (sigma[i + 1] - hat) * (slope + slope_ahead) / 2
        variance *= factor**2
    return variance, draws


@pytest.mark.parametrize("data", [1.0, 0.25])
@pytest.mark.parametrize(
    ("churn", "low", "high", "size"),
    [
        (40.0, 0.05, 50.0, 1.003),
        (80.0, 0.05, 50.0, 1.007),
        (2.0, 0.0, math.inf, 1.0),
        (5.0, 1.0, 3.0, 1.5),
        (0.0, 0.0, math.inf, 1.003),
    ],
)
def test_variance_is_that_of_algorithm_2(
    churn: float, low: float, high: float, size: float, data: float
) -> None:
    expected, draws = algorithm_2(data, KEPT, churn, low, high, size)
    x, noise = impulses(draws)
    walk = edm_churn(PROCESS, GaussianDenoiser(data), x, noise, KEPT, churn, low, high, size)
    out, frames = finish(walk)
    assert float(out.square().sum()) == pytest.approx(expected, rel=1e-9)
    assert noise._draw == draws + 1
    assert len(frames) == len(KEPT) + 1


@pytest.mark.parametrize("data", [1.0, 0.25])
def test_tends_to_the_data(data: float) -> None:
    errors = []
    for steps in (50, 100, 200):
        kept = grid.karras(LINEAR, steps).tolist()
        walk = edm_churn(
            PROCESS, GaussianDenoiser(data), *impulses(steps), frame_indices=kept, s_noise=1.0
        )
        errors.append(float(finish(walk)[0].square().sum()) / exact_variance(data, 0) - 1)
    assert errors[0] > 2 * errors[1] > 4 * errors[2] > 0
    assert errors[2] < 0.007


@pytest.mark.parametrize("t", [1000, 700, 1])
def test_without_churn_it_is_heun_bit_for_bit(t: int) -> None:
    class Silent(PictureNoise):
        def draw(self, shape: object) -> torch.Tensor:
            raise AssertionError("drawn from")

    noise = Silent(0, [0, 1], "cpu")
    x = torch.randn(2, 1, 4, 4, generator=torch.Generator().manual_seed(3))
    kept = grid.karras(LINEAR, min(t, 18), t)
    low = DiffusionProcess(LINEAR.keep(torch.arange(t)))
    walk = edm_churn(low, TwoHills(), x, noise, kept.tolist(), s_churn=0.0)
    ours, frames = finish(walk)
    theirs, expected = finish(heun(DiffusionProcess(LINEAR.keep(kept)), TwoHills(), x, noise))
    assert torch.equal(ours, theirs)
    for a, b in zip(frames, expected, strict=True):
        assert torch.equal(a.x_t, b.x_t)
        assert torch.equal(a.x0_hat, b.x0_hat)
        assert torch.equal(a.eps, b.eps)
        assert (a.t, a.index, a.total) == (b.t, b.index, b.total)


def test_a_frame_holds_together() -> None:
    """Frames satisfy x_t = √ᾱ·x̂_0 + √(1−ᾱ)·ε̂, though x̂_0 was predicted from more noise."""
    noise = PictureNoise(0, [0], "cpu")
    x = noise.draw((1, 4, 4)).double()
    _, frames = finish(edm_churn(PROCESS, TwoHills(), x, noise, KEPT))
    for frame in frames[:-1]:
        bar = alphas_cumprod()[frame.t - 1]
        rebuilt = math.sqrt(bar) * frame.x0_hat + math.sqrt(1 - bar) * frame.eps
        torch.testing.assert_close(rebuilt, frame.x_t, rtol=1e-9, atol=1e-12)


def test_evaluates_twice_a_step_but_the_last() -> None:
    model = GaussianDenoiser()
    finish(edm_churn(PROCESS, model, *impulses(18), frame_indices=KEPT))
    assert model.calls == 2 * 18 - 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"s_churn": -1.0}, "S_churn must be 0 or more, not -1.0"),
        ({"s_churn": math.inf}, "S_churn must be 0 or more"),
        ({"s_churn": math.nan}, "S_churn must be 0 or more"),
        ({"s_tmin": -0.1}, "0 ≤ S_tmin ≤ S_tmax must hold"),
        ({"s_tmin": 2.0, "s_tmax": 1.0}, "not S_tmin 2.0, S_tmax 1.0"),
        ({"s_tmax": math.nan}, "0 ≤ S_tmin ≤ S_tmax must hold"),
        ({"s_noise": 0.0}, "S_noise must be above 0"),
        ({"s_noise": math.inf}, "S_noise must be above 0"),
        ({"frame_indices": [-1, 5]}, r"a moment must be 0\.\.999, not -1"),
        ({"frame_indices": [1000]}, r"a moment must be 0\.\.999, not 1000"),
    ],
)
def test_refusals_at_the_call(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        edm_churn(PROCESS, GaussianDenoiser(), *impulses(0), **options)  # type: ignore[arg-type]


def test_options_reach_it_through_the_table() -> None:
    info, expected = SAMPLERS["edm-churn"], algorithm_2(1.0, KEPT, 10.0, 0.1, 20.0, 1.1)
    start = impulses(expected[1])
    walk = run_sampler(
        info,
        PROCESS,
        GaussianDenoiser(),
        *start,
        18,
        s_churn=10.0,
        s_tmin=0.1,
        s_tmax=20.0,
        s_noise=1.1,
    )
    assert float(finish(walk)[0].square().sum()) == pytest.approx(expected[0], rel=1e-9)
    with pytest.raises(ValueError, match=r"s_churn must be 0\.\.100, not -1"):
        run_sampler(info, PROCESS, GaussianDenoiser(), *impulses(0), 18, s_churn=-1.0)
    with pytest.raises(ValueError, match="no s_churn"):
        run_sampler(SAMPLERS["heun"], PROCESS, GaussianDenoiser(), *impulses(0), 18, s_churn=1.0)


def test_no_noise_level_above_the_start() -> None:
    class Watched(TwoHills):
        highest = 0

        def __call__(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            self.highest = max(self.highest, int(t.max()))
            return super().__call__(x, t)

    model, noise = Watched(), PictureNoise(0, [0], "cpu")
    x = noise.draw((1, 4, 4))
    finish(run_sampler(SAMPLERS["edm-churn"], PROCESS, model, x, noise, 20, t=600))
    assert model.highest == 599
