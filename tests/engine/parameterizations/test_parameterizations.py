"""Each parameterisation against its published formulas, and all against one another."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule
from ddpm_studio.engine.parameterizations.edm import EDM
from ddpm_studio.engine.parameterizations.eps import Eps
from ddpm_studio.engine.tables import PARAMETERIZATIONS
from tests.engine.gaussian import alphas_cumprod
from tests.engine.parameterizations.published import SIGMA_DATA

LINEAR = NoiseSchedule.linear()
INDEX = torch.tensor([0, 1, 9, 499, 999])
SIGMAS = torch.tensor([0.002, 0.3, 1.0, 80.0], dtype=torch.float64)
CONTINUOUS = ("edm", "flow")


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def levels(name: str) -> list[Tensor]:
    return [INDEX, SIGMAS] if name in CONTINUOUS else [INDEX]


@pytest.mark.parametrize("name", PARAMETERIZATIONS)
def test_its_scalings_say_what_it_does(name: str) -> None:
    """x̂_0 = c_skip·x̃ + c_out·F, and F's squared error is ``weight`` times x̂_0's."""
    process = DiffusionProcess(LINEAR, name)
    for level in levels(name):
        shape = (len(level), 1, 2, 3)
        x0, noise, wrong = draw(*shape), draw(*shape, seed=1), draw(*shape, seed=2)
        x_t = process.q_sample(x0, level, noise)
        where, form = process.coefficients(level, x_t), process.form
        noisy = x0 + where.sigma * noise
        expected = form.c_skip(where) * noisy + form.c_out(where) * wrong
        got = process.x0_from_prediction(x_t, level, wrong)
        torch.testing.assert_close(got, expected, rtol=1e-8, atol=1e-8)
        target = process.target(x0, x_t, level, noise)
        torch.testing.assert_close(
            process.x0_from_prediction(x_t, level, target), x0, rtol=1e-6, atol=1e-6
        )
        error = (wrong - target).square()
        torch.testing.assert_close(
            error, form.weight(where) * (got - x0).square(), rtol=1e-5, atol=1e-9
        )
        torch.testing.assert_close(
            form.network_input(where, x_t), form.c_in(where) * noisy, rtol=1e-8, atol=1e-9
        )


@pytest.mark.parametrize("name", PARAMETERIZATIONS)
def test_one_index_is_as_many(name: str) -> None:
    process = DiffusionProcess(LINEAR, name, clip_x0=False)
    x_t, output = draw(5, 1, 4, 4), draw(5, 1, 4, 4, seed=1)
    together = process.reverse(output, x_t, INDEX)
    for row, index in enumerate(INDEX.tolist()):
        part = slice(row, row + 1)
        alone = process.reverse(output[part], x_t[part], index)
        torch.testing.assert_close(together.mean[part], alone.mean, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(together.x0_hat[part], alone.x0_hat, rtol=1e-9, atol=1e-12)


def test_edm_is_as_published() -> None:
    """EDM's coefficients are those of [EDM Table 1]."""
    form, sigma = EDM(), SIGMAS.numpy()
    where = DiffusionProcess(LINEAR, "edm").coefficients(SIGMAS, draw(4, 1, 1, 1))
    total = sigma**2 + SIGMA_DATA**2
    for got, expected in (
        (form.c_skip(where), SIGMA_DATA**2 / total),
        (form.c_out(where), sigma * SIGMA_DATA / np.sqrt(total)),
        (form.c_in(where), 1 / np.sqrt(total)),
        (form.c_noise(where), np.log(sigma) / 4),
        (form.weight(where), total / (sigma * SIGMA_DATA) ** 2),
    ):
        np.testing.assert_allclose(torch.as_tensor(got).flatten(), expected, rtol=1e-12)


@pytest.mark.parametrize("sigma_data", [0.5, 1.0])
def test_edm_keeps_input_and_target_at_unit_variance(sigma_data: float) -> None:
    """The squares of what x_0 and ε contribute add up to 1 at every σ [EDM appendix B.6]."""
    process = DiffusionProcess(LINEAR, EDM(sigma_data))
    zero, one = torch.zeros(4, 1, 1, 1).double(), torch.ones(4, 1, 1, 1).double()
    seen, target = [], []
    for x0, noise in ((sigma_data * one, zero), (zero, one)):
        x_t = process.q_sample(x0, SIGMAS, noise)
        seen.append(process.form.network_input(process.coefficients(SIGMAS, x_t), x_t))
        target.append(process.target(x0, x_t, SIGMAS, noise))
    for parts in (seen, target):
        variance = parts[0].square() + parts[1].square()
        torch.testing.assert_close(variance, one, rtol=1e-12, atol=0)


def test_flow_sees_the_line_between_picture_and_noise() -> None:
    process = DiffusionProcess(LINEAR, "flow")
    u = torch.tensor([0.01, 0.5, 0.97], dtype=torch.float64)
    x0, noise = draw(3, 1, 2, 2), draw(3, 1, 2, 2, seed=1)
    sigma, share = u / (1 - u), u.reshape(3, 1, 1, 1)
    x_t = process.q_sample(x0, sigma, noise)
    where = process.coefficients(sigma, x_t)
    line = (1 - share) * x0 + share * noise
    torch.testing.assert_close(process.form.network_input(where, x_t), line, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(process.form.c_noise(where), 1000 * u, rtol=1e-12, atol=0)
    assert torch.equal(process.target(x0, x_t, sigma, noise), noise - x0)


def test_mu_with_clipping_keeps_the_networks_mean() -> None:
    """x̂_0 alone is clipped, the mean is the network's output [DDPM code, "xprev"]."""
    process = DiffusionProcess(LINEAR, "mu")
    x_t, output = 3 * draw(2, 1, 4, 4), draw(2, 1, 4, 4, seed=1)
    for index in (0, 1, 700):
        p = process.reverse(output, x_t, index)
        torch.testing.assert_close(p.mean, output, rtol=1e-9, atol=1e-9)
        assert p.x0_hat.abs().max() == 1
        np.testing.assert_allclose(process.q_sample(p.x0_hat, index, p.eps), x_t, atol=1e-9)


def test_what_the_network_is_told() -> None:
    asked: list[tuple[Tensor, Tensor]] = []

    def model(x: Tensor, t: Tensor) -> Tensor:
        asked.append((x, t))
        return x

    x_t = draw(2, 1, 2, 2).float()
    for name in ("eps", "x0", "mu", "v"):
        process = DiffusionProcess(LINEAR.strided(10), name)
        process.predict(model, x_t, 3)
        process.predict(model, x_t, torch.tensor([3, 9]))
        assert asked[-2][0] is x_t
        assert asked[-2][1].tolist() == [333, 333]
        assert asked[-1][1].tolist() == [333, 999]
        assert asked[-1][1].dtype == torch.int64
    bar = alphas_cumprod()[333]
    sigma = math.sqrt((1 - bar) / bar)
    process = DiffusionProcess(LINEAR.strided(10), "edm")
    process.predict(model, x_t, 3)
    process.predict(model, x_t, torch.full((2,), sigma))
    for x, t in asked[-2:]:
        torch.testing.assert_close(x, x_t / math.sqrt(bar * (sigma**2 + 0.25)))
        torch.testing.assert_close(t, torch.full((2,), math.log(sigma) / 4))
        assert t.dtype == torch.float32


@pytest.mark.parametrize("name", ["eps", "x0", "mu", "v"])
def test_a_network_of_labels_is_not_asked_between_them(name: str) -> None:
    process = DiffusionProcess(LINEAR, name)
    with pytest.raises(ValueError, match="told one of T labels needs an index"):
        process.predict(lambda x, t: x, draw(4, 1, 2, 2), SIGMAS)


def test_an_object_of_ones_own() -> None:
    class Twice(Eps):
        """Predicts 2ε."""

        def target(self, coefficients: object, x0: Tensor, x_t: Tensor, noise: Tensor) -> Tensor:
            return 2 * noise

        def x0(self, coefficients: object, x_t: Tensor, prediction: Tensor) -> Tensor:
            return super().x0(coefficients, x_t, prediction / 2)  # type: ignore[arg-type]

    own, plain = DiffusionProcess(LINEAR, Twice()), DiffusionProcess(LINEAR)
    x_t, eps = draw(2, 1, 4, 4), draw(2, 1, 4, 4, seed=1)
    a, b = own.reverse(2 * eps, x_t, 400), plain.reverse(eps, x_t, 400)
    torch.testing.assert_close((a.mean, a.x0_hat, a.eps), (b.mean, b.x0_hat, b.eps))


@pytest.mark.parametrize("name", ["epsilon", "EPS", "sample", ""])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"no parameterization .* eps, x0, mu, v, edm, flow"):
        DiffusionProcess(LINEAR, name)


def test_another_variance_is_refused() -> None:
    with pytest.raises(ValueError, match="no variance 'fixedlarge'; there are fixed_large"):
        DiffusionProcess(LINEAR, variance="fixedlarge")
    with pytest.raises(ValueError, match="σ_d must be above 0"):
        EDM(0.0)
