from __future__ import annotations

import math

import numpy as np
import pytest

from ddpm_studio.jobs.teaching.gaussians import gap_curves, two_gaussians
from ddpm_studio.jobs.teaching.results import GAP_STEPS


def test_kl_is_the_area_that_is_shown() -> None:
    found = two_gaussians(0.5, 0.8, -0.4, 1.3, 8.0)
    area = float(np.trapezoid(found.part, found.x))
    assert found.kl_qp == pytest.approx(area, abs=1e-6)
    by_hand = math.log(1.3 / 0.8) + (0.8**2 + 0.9**2) / (2 * 1.3**2) - 0.5
    assert found.kl_qp == pytest.approx(by_hand / math.log(2), abs=1e-6)
    assert found.kl_pq != pytest.approx(found.kl_qp, abs=0.05)


def test_the_gap_is_what_lies_between_the_curves() -> None:
    found = gap_curves(0.5, 20, "fixed_large")
    assert np.all(found.bound >= found.exact)
    # Both are quadratic in x_0, whose square is 0.25 on average.
    square, linear, constant = np.polyfit(found.x, found.bound - found.exact, 2)
    assert linear == pytest.approx(0, abs=1e-9)
    assert found.gap == pytest.approx(constant + square * 0.5**2, rel=1e-6)
    assert found.gap == found.large[GAP_STEPS.index(20)]
    assert np.all(np.diff(found.large[3:]) < 0), "more steps, a smaller gap"
