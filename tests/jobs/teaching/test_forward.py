from __future__ import annotations

import math

import numpy as np
import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.teaching.forward import (
    forward_chain,
    posterior_tables,
    run_point_diffusion,
    sample_posterior,
)

RAMP = np.tile(np.arange(0, 256, 8, dtype=np.uint8)[None, :, None], (32, 1, 3))


def test_entropy_rises_from_that_of_eight_gaussians_to_that_of_one() -> None:
    found = run_point_diffusion(0)
    # Eight Gaussians that hardly overlap: log₂ 8 plus twice log₂(σ√(2πe)).
    start = 3 + 2 * math.log2(0.1 * math.sqrt(2 * math.pi * math.e))
    assert found.entropy[0] == pytest.approx(start, abs=0.05)
    assert found.entropy[-1] == pytest.approx(found.gaussian_entropy, abs=0.05)
    assert found.gaussian_entropy == pytest.approx(math.log2(2 * math.pi * math.e))
    assert np.all(np.diff(found.entropy[:30:10]) > 0)
    assert len(found.moments) == len(found.entropy) == 101
    assert np.std(found.moments[-1]) == pytest.approx(1, abs=0.1)


def test_link_by_link_the_noise_is_what_equation_4_says() -> None:
    found = forward_chain(RAMP, 9, 3)
    assert found.t[0] == 0
    assert found.t[-1] == 1000
    assert np.array_equal(found.pictures[0], RAMP)
    assert found.expected[-1] == pytest.approx(math.sqrt(1 - 4.035829765375676e-5))
    assert np.allclose(found.distance, found.expected, rtol=0.05)


def test_the_posterior_is_that_of_equation_7() -> None:
    tables = posterior_tables()
    assert tables.of_x0[999] == pytest.approx(1.2835148717e-4, rel=1e-8)
    assert tables.of_x_t[999] == pytest.approx(0.9899486782675173)
    assert tables.std[1] ** 2 == pytest.approx(5.4531876613021935e-5)
    look = sample_posterior(RAMP, 500, 0)
    mixed = look.weights[0] * RAMP.astype(float) + look.weights[1] * look.x_t
    # Relative to mid-gray, and where levels are not clipped.
    mixed += 127.5 * (1 - sum(look.weights))
    inner = (look.x_t > 0) & (look.x_t < 255)
    assert np.abs(look.mean.astype(float) - mixed)[inner].max() <= 1.01
    assert not np.array_equal(look.drawn, look.mean)
    first = sample_posterior(RAMP, 1, 0)
    assert np.array_equal(first.drawn, RAMP), "at t = 1 it is a point: x_0"
    with pytest.raises(StudioError, match="out of range"):
        sample_posterior(RAMP, 0, 0)
