"""Adaptive Runge–Kutta (Dormand–Prince) ODE solver against closed forms and SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from ddpm_studio.engine.likelihood.runge_kutta import dormand_prince

STOPS = [2.0, 1.7, 1.1, 0.999, 0.3, -1.0]


def cosine_growth(s: Tensor, x: Tensor) -> Tensor:
    return s.cos().reshape(-1, 1, 1, 1) * x


def pictures(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64).reshape(-1, 1, 1, 1)


def test_closed_form_at_each_stop() -> None:
    x = pictures(1.0, -3.0, 0.0)
    states = torch.stack(list(dormand_prince(cosine_growth, x, STOPS, 1e-8)))
    expected = np.exp(np.sin(STOPS) - np.sin(2.0))[:, None] * np.array([1.0, -3.0, 0.0])
    np.testing.assert_allclose(states.squeeze(), expected, rtol=1e-6, atol=1e-12)


def test_stops_between_change_nothing() -> None:
    x = pictures(1.0, -3.0)
    *_, many = dormand_prince(cosine_growth, x, STOPS, 1e-3)
    *_, few = dormand_prince(cosine_growth, x, [STOPS[0], STOPS[-1]], 1e-3)
    assert torch.equal(many, few)


def test_van_der_pol_agrees_with_scipy() -> None:
    def pol(s: Tensor, x: Tensor) -> Tensor:
        a, b = x[:, :, :, :1], x[:, :, :, 1:]
        return torch.cat([b, 5 * (1 - a**2) * b - a], -1)

    start = torch.tensor([[[[2.0, 0.0]]]], dtype=torch.float64)
    *_, x = dormand_prince(pol, start, [0.0, -3.0], 1e-6)
    truth = solve_ivp(
        lambda s, y: pol(torch.zeros(1), torch.from_numpy(y).reshape(1, 1, 1, 2)).numpy().ravel(),
        (0.0, -3.0),
        [2.0, 0.0],
        rtol=1e-12,
        atol=1e-12,
    )
    np.testing.assert_allclose(x.ravel(), truth.y[:, -1], rtol=1e-4)


def test_each_picture_has_its_own_steps() -> None:
    def stiff(s: Tensor, x: Tensor) -> Tensor:
        return x * torch.where(x.abs() > 5, 30.0, 0.5) * (3 * s).cos().reshape(-1, 1, 1, 1)

    easy, hard = pictures(0.1), pictures(80.0)
    *_, together = dormand_prince(stiff, torch.cat([easy, hard]), STOPS, 1e-5)
    *_, alone = dormand_prince(stiff, easy, STOPS, 1e-5)
    torch.testing.assert_close(together[:1], alone, rtol=1e-13, atol=0)


def test_one_stop_is_the_start() -> None:
    x = pictures(1.0)
    assert [float(y) for y in dormand_prince(cosine_growth, x, [2.0], 1e-3)] == [1.0]


def test_what_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="too small"):
        list(dormand_prince(lambda s, x: x * torch.nan, pictures(1.0), [1.0, 0.0], 1e-3))
