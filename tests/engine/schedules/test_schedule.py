"""Noise schedules against published numbers and a derivation in numpy."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from ddpm_studio.engine import NoiseSchedule
from tests.engine.gaussian import Array, alphas_cumprod, linear_betas

LINEAR = NoiseSchedule.linear()


@pytest.mark.parametrize(
    ("table", "index", "value"),
    [
        ("alphas_cumprod", 999, 4.035829765375676e-5),
        ("alphas_cumprod", 1, 0.9997800920720721),
        ("alphas_cumprod", 499, 0.07858724288177824),
        ("posterior_variance", 1, 5.4531876613021935e-5),
        ("posterior_log_variance_clipped", 1, -9.81672513529567),
        ("posterior_log_variance_clipped", 0, -9.81672513529567),
        ("fixed_large_log_variance", 0, -9.81672513529567),
        ("posterior_mean_coef_x_t", 999, 0.9899486782675173),
    ],
)
def test_published_values(table: str, index: int, value: float) -> None:
    assert float(getattr(LINEAR, table)[index]) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    ("table", "index", "value", "rel"),
    [
        ("posterior_variance", 487, 0.00979157198569, 1e-11),
        ("posterior_variance", 999, 0.01999998352656, 1e-11),
        ("posterior_mean_coef_x0", 999, 1.2835148717e-4, 1e-10),
    ],
)
def test_published_values_with_fewer_digits(
    table: str, index: int, value: float, rel: float
) -> None:
    assert float(getattr(LINEAR, table)[index]) == pytest.approx(value, rel=rel)


def test_tables_follow_from_betas() -> None:
    beta, bar = linear_betas(), alphas_cumprod()
    previous = np.concatenate([[1.0], bar[:-1]])
    expected = {
        "betas": beta,
        "alphas": 1 - beta,
        "alphas_cumprod": bar,
        "alphas_cumprod_prev": previous,
        "one_minus_alphas_cumprod": 1 - bar,
        "sqrt_alphas_cumprod": np.sqrt(bar),
        "sqrt_one_minus_alphas_cumprod": np.sqrt(1 - bar),
        "sqrt_recip_alphas_cumprod": 1 / np.sqrt(bar),
        "sqrt_recipm1_alphas_cumprod": np.sqrt(1 / bar - 1),
        "posterior_variance": beta * (1 - previous) / (1 - bar),
        "posterior_mean_coef_x0": beta * np.sqrt(previous) / (1 - bar),
        "posterior_mean_coef_x_t": np.sqrt(1 - beta) * (1 - previous) / (1 - bar),
        "snr": bar / (1 - bar),
    }
    for name, values in expected.items():
        table = getattr(LINEAR, name)
        assert table.dtype == torch.float64
        np.testing.assert_allclose(table.numpy(), values, rtol=1e-9, atol=1e-300, err_msg=name)


@pytest.mark.parametrize(
    ("T", "first", "last", "bar"),
    [(1000, 4.128422e-5, 0.999, 2.42877e-9), (4000, None, 0.999, 1.51798e-10)],
)
def test_cosine(T: int, first: float | None, last: float, bar: float) -> None:
    s = NoiseSchedule.cosine(T)
    if first is not None:
        assert float(s.betas[0]) == pytest.approx(first, rel=1e-6)
    assert float(s.betas[-1]) == last
    assert int((s.betas == last).sum()) == 1
    assert float(s.alphas_cumprod[-1]) == pytest.approx(bar, rel=1e-5)
    u = np.arange(1, T) / T
    closed = np.cos((u + 0.008) / 1.008 * np.pi / 2) ** 2 / math.cos(0.008 / 1.008 * np.pi / 2) ** 2
    np.testing.assert_allclose(s.alphas_cumprod[:-1].numpy(), closed, rtol=1e-9)


def test_strided_keeps_both_ends_and_recomputes_beta() -> None:
    s = LINEAR.strided(10)
    assert s.timesteps.tolist() == [0, 111, 222, 333, 444, 555, 666, 777, 888, 999]
    assert s.train_timesteps == 1000
    bar = alphas_cumprod()[s.timesteps.numpy()]
    np.testing.assert_allclose(s.alphas_cumprod.numpy(), bar, rtol=1e-9)
    np.testing.assert_allclose(
        s.betas.numpy(), 1 - bar / np.concatenate([[1.0], bar[:-1]]), rtol=1e-9
    )


def test_strided_from_t() -> None:
    s = LINEAR.strided(7, t=500)
    assert s.timesteps[0] == 0
    assert s.timesteps[-1] == 499
    assert len(set(s.timesteps.tolist())) == 7
    assert LINEAR.strided(1, t=300).timesteps.tolist() == [299]
    assert LINEAR.strided(1000) is LINEAR


@pytest.mark.parametrize(("steps", "t"), [(0, None), (1001, None), (5, 4), (1, 0), (1, 1001)])
def test_strided_refuses(steps: int, t: int | None) -> None:
    with pytest.raises(ValueError, match="must be 1"):
        LINEAR.strided(steps, t)


@pytest.mark.parametrize("betas", [[], [0.0, 0.1], [0.1, 1.0], [float("nan")], [[0.1, 0.2]]])
def test_impossible_betas_are_refused(betas: list[float]) -> None:
    with pytest.raises(ValueError, match=r"β|betas"):
        NoiseSchedule.from_betas(betas)


def test_float32_betas_are_refused() -> None:
    with pytest.raises(ValueError, match="float64"):
        NoiseSchedule(torch.full((4,), 0.1), torch.arange(4), 4)


@pytest.mark.parametrize(
    ("name", "closed"),
    [
        ("linear", lambda t, T: 1e-4 + (0.02 - 1e-4) * (t - 1) / (T - 1)),
        ("linear_scaled", lambda t, T: (1e-4 + (0.02 - 1e-4) * (t - 1) / (T - 1)) * 1000 / T),
        ("quadratic", lambda t, T: (0.01 + (0.02**0.5 - 0.01) * (t - 1) / (T - 1)) ** 2),
        ("constant", lambda t, T: 0.02 + 0 * t),
        ("reciprocal", lambda t, T: np.minimum(1 / (T - t + 1), 0.999)),
        (
            "sigmoid",
            lambda t, T: 1e-4 + (0.02 - 1e-4) / (1 + np.exp(6 - 12 * (t - 1) / (T - 1))),
        ),
        # [DDPM code]: β_T throughout, after a ramp of int(T·share) values from β_1 to β_T.
        (
            "warmup10",
            lambda t, T: np.append(np.linspace(1e-4, 0.02, T // 10), np.full(T - T // 10, 0.02)),
        ),
        (
            "warmup50",
            lambda t, T: np.append(np.linspace(1e-4, 0.02, T // 2), np.full(T - T // 2, 0.02)),
        ),
    ],
)
@pytest.mark.parametrize("T", [50, 1000])
def test_named(name: str, closed: Callable[[Array, int], Array], T: int) -> None:
    betas = NoiseSchedule.named(name, T).betas.numpy()
    np.testing.assert_allclose(betas, closed(np.arange(1.0, T + 1), T), rtol=1e-9)


def test_linear_scaled_ends_alike_for_all_lengths() -> None:
    ends = [float(NoiseSchedule.named("linear_scaled", T).alphas_cumprod[-1]) for T in (1000, 4000)]
    assert ends[0] == pytest.approx(4.0358e-5, rel=1e-4)
    assert ends[1] == pytest.approx(math.exp(-10.05), rel=0.02)


def test_reciprocal_is_linear_in_alphas_cumprod() -> None:
    s = NoiseSchedule.named("reciprocal", 100)
    np.testing.assert_allclose(s.alphas_cumprod[:-1], 1 - np.arange(1, 100) / 100, rtol=1e-9)


def test_warmup_of_few_timesteps_and_other_ends() -> None:
    """A warm-up of int(9·.1) = 0 timesteps is none; one of int(3·.5) = 1 has β_1 alone."""
    assert NoiseSchedule.named("warmup10", 9).betas.tolist() == [0.02] * 9
    short = NoiseSchedule.named("warmup50", 3, (0.1, 0.4))
    assert short.betas.tolist() == [0.1, 0.4, 0.4]


@pytest.mark.parametrize(("name", "T"), [("sine", 10), ("linear", 0), ("linear_scaled", 20)])
def test_named_refuses(name: str, T: int) -> None:
    with pytest.raises(ValueError, match=r"no schedule|must be 1 or more|above 20"):
        NoiseSchedule.named(name, T)
