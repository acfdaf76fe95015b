"""DPM-Solver++ 3M and its SDE variant against the published algorithms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise
from ddpm_studio.engine.samplers import dpm_solver
from ddpm_studio.engine.samplers.phi import phi
from tests.engine.gaussian import GaussianDenoiser, TwoHills, alphas_cumprod, impulses
from tests.engine.samplers.test_samplers_order import exact_variance, flow, process
from tests.engine.walking import finish

LINEAR = NoiseSchedule.linear()


class WavingNoise(PictureNoise):
    """Deterministic noise: the n-th value (from 1) of draw k is 1.4·cos((k + 1.7)·n)."""

    def __init__(self) -> None:
        super().__init__(0, [0], "cpu")
        self.drawn = 0

    def draw(self, shape: Sequence[int]) -> Tensor:
        count = torch.arange(1.0, 1 + math.prod(shape), dtype=torch.float64)
        self.drawn += 1
        return 1.4 * torch.cos(count * (self.drawn + 0.7)).reshape(1, *shape)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            9,
            [
                0.23077886034000406,
                -3.960973731241046,
                -1.7928141255895214,
                4.612184488659816,
                2.6879318337328377,
                -1.1670035371985288,
            ],
        ),
        (
            20,
            [
                4.013473981831267,
                0.5678480851397475,
                -0.28638770775259514,
                1.3631493579111262,
                4.468231185872928,
                1.157168170155941,
            ],
        ),
    ],
)
def test_sde_is_that_of_k_diffusion(steps: int, expected: list[float]) -> None:
    """The SDE equals k-diffusion 0.1.1's ``sample_dpmpp_3m_sde`` for the same model and noise."""
    x = torch.linspace(-2, 2, 6, dtype=torch.float64).reshape(1, 1, 2, 3)
    noise = WavingNoise()
    strided = DiffusionProcess(LINEAR.strided(steps), clip_x0=False)
    out, _ = finish(dpm_solver(strided, TwoHills(), x, noise, order=3, sde=True))
    np.testing.assert_allclose(out.flatten().numpy(), expected, rtol=1e-10)
    assert noise.drawn == steps - 1


@pytest.mark.parametrize("data", [1.0, 0.25])
def test_error_is_far_below_that_of_2m(data: float) -> None:
    for steps in (60, 120, 240):
        two, three = (
            finish(dpm_solver(process(steps), GaussianDenoiser(data), *impulses(0), order))[0]
            for order in (2, 3)
        )
        error = abs(float(three.squeeze()) / flow(data) - 1)
        assert 4 * error < abs(float(two.squeeze()) / flow(data) - 1)
        assert error < 0.001


@pytest.mark.parametrize("data", [1.0, 0.25])
def test_variance_of_the_sde(data: float) -> None:
    errors = []
    for steps in (60, 120, 240):
        walk = dpm_solver(process(steps), GaussianDenoiser(data), *impulses(steps + 1), 3, True)
        errors.append(abs(float(finish(walk)[0].square().sum()) / exact_variance(data) - 1))
    assert errors[0] > 4 * errors[1] > 16 * errors[2]
    assert errors[2] < 1e-3


def test_each_step_by_hand() -> None:
    """Steps on N(0, ¼) equal the integral of e^{−(1−u)h} times the published polynomial."""
    kept = [30, 200, 420, 700, 999]
    a = alphas_cumprod()[kept]
    alpha, sigma = np.sqrt(a), np.sqrt(1 - a)
    lambdas = np.log(alpha / sigma)
    gain = alpha * 0.25 / (a * 0.25 + 1 - a)
    u, weights = np.polynomial.legendre.leggauss(40)
    u, weights = (u + 1) / 2, weights / 2
    x = 1.0
    outputs: list[float] = []
    for i in (4, 3, 2, 1):
        outputs = [gain[i] * x, *outputs]
        h = lambdas[i - 1] - lambdas[i]
        line = outputs[0] + 0 * u
        if i < 4:
            r0 = (lambdas[i] - lambdas[i + 1]) / h
            d0 = (outputs[0] - outputs[1]) / r0
            line = line + u * d0
        if i < 3 and i > 1:
            r1 = (lambdas[i + 1] - lambdas[i + 2]) / h
            d1 = (outputs[1] - outputs[2]) / r1
            line = line + (d0 - d1) / (r0 + r1) * (r0 * u + u**2 / 2)
        moved = alpha[i - 1] * h * float((weights * np.exp(-(1 - u) * h) * line).sum())
        x = sigma[i - 1] / sigma[i] * x + moved
    strided = DiffusionProcess(LINEAR.keep(torch.tensor(kept)), clip_x0=False)
    out, _ = finish(dpm_solver(strided, GaussianDenoiser(0.25), *impulses(0), 3))
    assert float(out.squeeze()) == pytest.approx(gain[0] * x, rel=1e-12)


@pytest.mark.parametrize("order", [0, 4, 2.5, "3"])
def test_other_orders_are_refused_at_the_call(order: object) -> None:
    with pytest.raises(ValueError, match="order must be 1, 2 or 3"):
        dpm_solver(process(9), GaussianDenoiser(), *impulses(0), order)  # type: ignore[arg-type]


@pytest.mark.parametrize("z", [-30.0, -1.5, -1.0, -0.999, -1e-3, -1e-9, 0.0, 0.4, 2.0])
def test_phi(z: float) -> None:
    u, weights = np.polynomial.legendre.leggauss(60)
    u, weights = (u + 1) / 2, weights / 2
    assert phi(0, z) == math.exp(z)
    for k in (1, 2, 3, 4):
        integral = (weights * np.exp((1 - u) * z) * u ** (k - 1)).sum() / math.factorial(k - 1)
        assert phi(k, z) == pytest.approx(float(integral), rel=1e-11)


def test_phi_of_an_endless_step() -> None:
    assert phi(0, -math.inf) == phi(1, -math.inf) == phi(4, -math.inf) == 0
