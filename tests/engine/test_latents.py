"""Latents: encoding, mixing, and conversion from and to uint8."""

from __future__ import annotations

from typing import Literal

import pytest
import torch

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    encode,
    mix,
    mix_between,
    mix_corners,
)
from ddpm_studio.engine.noise import derive_seed
from ddpm_studio.engine.pixels import to_model, to_uint8
from tests.engine.gaussian import alphas_cumprod

PROCESS = DiffusionProcess(NoiseSchedule.linear())


def test_encode_counts_t_as_the_paper() -> None:
    x0, noise = torch.rand(2, 1, 4, 4) * 2 - 1, torch.randn(2, 1, 4, 4)
    assert torch.equal(encode(PROCESS, x0, 0, noise), x0)
    bar = alphas_cumprod()
    for t in (1, 500, 1000):
        expected = bar[t - 1] ** 0.5 * x0 + (1 - bar[t - 1]) ** 0.5 * noise
        torch.testing.assert_close(encode(PROCESS, x0, t, noise), expected.float())
    for t in (-1, 1001):
        with pytest.raises(ValueError, match=r"0\.\.1000"):
            encode(PROCESS, x0, t, noise)


@pytest.mark.parametrize("how", ["linear", "spherical"])
def test_ends_are_exact(how: Literal["linear", "spherical"]) -> None:
    g = torch.Generator().manual_seed(0)
    a, b = torch.randn(3, 8, 8, generator=g), torch.randn(3, 8, 8, generator=g)
    path = mix(a, b, torch.linspace(0, 1, 9), how)
    assert torch.equal(path[0], a)
    assert torch.equal(path[-1], b)
    assert path.shape == (9, 3, 8, 8)


def test_linear_halves_the_variance_and_spherical_keeps_it() -> None:
    g = torch.Generator().manual_seed(0)
    a, b = torch.randn(3, 128, 128, generator=g), torch.randn(3, 128, 128, generator=g)
    half = torch.tensor([0.5])
    assert float(mix(a, b, half).var()) == pytest.approx(0.5, rel=0.03)
    assert float(mix(a, b, half, "spherical").var()) == pytest.approx(1, rel=0.03)


def test_spherical_between_equal_or_opposite_latents_is_finite() -> None:
    a = torch.randn(1, 4, 4)
    for b in (a, -a):
        assert mix(a, b, torch.linspace(0, 1, 5), "spherical").isfinite().all()


def test_pixels_round_trip() -> None:
    grid = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1)
    assert torch.equal(to_uint8(to_model(grid)), grid)
    assert float(to_model(grid).min()) == -1
    assert float(to_model(grid).max()) == 1


def test_pixels_are_rounded_and_clamped_not_truncated() -> None:
    levels = torch.tensor([10.4, 10.6, 254.9, -30.0, 300.0])
    x = (levels / 127.5 - 1).reshape(1, 1, 1, 5)
    assert to_uint8(x).flatten().tolist() == [10, 11, 255, 0, 255]
    assert to_uint8(torch.tensor([-3.0, 0.0, 3.0]).reshape(1, 1, 1, 3), 3).flatten().tolist() == [
        0,
        128,
        255,
    ]


def test_derived_seeds_differ_by_place() -> None:
    seeds = {derive_seed(s, a, b) for s in range(5) for a in range(20) for b in range(20)}
    assert len(seeds) == 2000
    assert all(0 <= s < 2**63 for s in seeds)
    assert derive_seed(1, 2, 3) == derive_seed(1, 2, 3)


@pytest.mark.parametrize("how", ["linear", "spherical"])
def test_a_square_has_its_corners_and_sides(how: Literal["linear", "spherical"]) -> None:
    corners, lambdas = torch.randn(4, 1, 4, 4), torch.linspace(0, 1, 5)
    square = mix_corners(corners, lambdas, how).unflatten(0, (5, 5))
    for row, column, corner in ((0, 0, 0), (0, 4, 1), (4, 0, 2), (4, 4, 3)):
        assert torch.equal(square[row, column], corners[corner])
    torch.testing.assert_close(square[0], mix(corners[0], corners[1], lambdas, how))
    torch.testing.assert_close(square[:, 4], mix(corners[1], corners[3], lambdas, how))
    if how == "linear":
        torch.testing.assert_close(square[2, 2], corners.mean(0))
    with pytest.raises(ValueError, match=r"the corners must have shape \(4, C, H, W\)"):
        mix_corners(corners[:3], lambdas, how)


@pytest.mark.parametrize("how", ["linear", "spherical"])
def test_points_between_corners_are_those_of_the_square(
    how: Literal["linear", "spherical"],
) -> None:
    corners, lambdas = torch.randn(4, 1, 4, 4), torch.linspace(0, 1, 5)
    square = mix_corners(corners, lambdas, how)
    # The square row by row: v is the row's, u the column's.
    points = torch.stack([lambdas.repeat(5), lambdas.repeat_interleave(5)], 1)
    torch.testing.assert_close(mix_between(corners, points, how), square)
