"""Tables of the forward process, as in the Learn tab, against independent computations."""

from __future__ import annotations

import numpy as np
import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import noised_picture, schedule_tables
from ddpm_studio.requests import ScheduleRequest

PICTURE = np.random.default_rng(0).integers(0, 256, (12, 12, 3), np.uint8)


def test_the_tables_of_a_linear_schedule_with_other_ends() -> None:
    request = ScheduleRequest(timesteps=50, beta_start=0.01, beta_end=0.3)
    tables = schedule_tables(request, PICTURE)
    betas = np.linspace(0.01, 0.3, 50)
    bars = np.cumprod(1 - betas)
    np.testing.assert_allclose(tables.betas, betas)
    np.testing.assert_allclose(tables.alphas_cumprod, bars)
    np.testing.assert_allclose(tables.signal**2 + tables.noise**2, 1)
    np.testing.assert_allclose(tables.snr, bars / (1 - bars))
    x_0 = PICTURE / 127.5 - 1
    # KL(N(√ᾱ x_0, 1−ᾱ) ‖ N(0, 1)) for each value, in bits.
    kl = 0.5 * (1 - bars[-1] + bars[-1] * x_0**2 - 1 - np.log(1 - bars[-1])) / np.log(2)
    assert tables.prior_bits == pytest.approx(kl.mean(), rel=1e-5)


@pytest.mark.parametrize("name", ["linear_scaled", "quadratic", "sigmoid", "constant", "warmup10"])
def test_the_ends_are_where_they_were_put(name: str) -> None:
    request = ScheduleRequest.model_validate(
        {"schedule": name, "timesteps": 100, "beta_start": 0.002, "beta_end": 0.01}
    )
    betas = schedule_tables(request, PICTURE).betas
    scale = 10 if name == "linear_scaled" else 1
    assert betas[-1] == pytest.approx(0.01 * scale, rel=0.01)
    assert betas[0] == pytest.approx((0.01 if name == "constant" else 0.002) * scale, rel=0.02)


def test_ends_that_reach_one_are_refused_with_a_remedy() -> None:
    request = ScheduleRequest(schedule="linear_scaled", timesteps=10)
    with pytest.raises(StudioError, match="larger T"):
        schedule_tables(request, PICTURE)


def test_what_x_t_is_mixed_from() -> None:
    first, again, other = (noised_picture(PICTURE, seed) for seed in (3, 3, 4))
    np.testing.assert_allclose(first.x_0, PICTURE / 127.5 - 1, atol=1e-6)
    assert first.eps.shape == PICTURE.shape
    assert np.array_equal(first.eps, again.eps)
    assert not np.array_equal(first.eps, other.eps)
    np.testing.assert_allclose(first.eps_picture, np.clip(first.eps * 42.5 + 127.5, 0, 255), atol=1)
