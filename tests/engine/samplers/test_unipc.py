"""UniPC on Gaussian data: order of convergence, steps worked out by hand, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, ddim
from ddpm_studio.engine.samplers import unipc
from ddpm_studio.engine.samplers.unipc import Order, Variant
from tests.engine.gaussian import GaussianDenoiser, alphas_cumprod, impulses
from tests.engine.samplers.test_samplers_order import flow, orders, process
from tests.engine.walking import finish

LINEAR = NoiseSchedule.linear()


@pytest.mark.parametrize("data", [1.0, 0.25])
@pytest.mark.parametrize("variant", ["bh1", "bh2"])
@pytest.mark.parametrize(
    ("order", "corrector", "expected", "error"),
    [
        (1, False, 1, 0.02),
        (2, False, 2, 0.002),
        (1, True, 2, 0.0025),
        (2, True, 3, 0.0006),
        # Limited by the first step and the last but one, which are of lower order.
        (3, True, 3, 0.0004),
    ],
)
def test_order(
    order: Order, corrector: bool, expected: int, error: float, variant: Variant, data: float
) -> None:
    errors = []
    for steps in (120, 240, 480):
        x, noise = impulses(0)
        walk = unipc(process(steps), GaussianDenoiser(data), x, noise, order, variant, corrector)
        errors.append(float(finish(walk)[0].squeeze()) / flow(data) - 1)
    np.testing.assert_allclose(orders(errors), expected, atol=0.15)
    assert abs(errors[0]) < error


@pytest.mark.parametrize("variant", ["bh1", "bh2"])
def test_predictor_of_order_three(variant: Variant) -> None:
    errors = []
    for steps in (60, 120, 240):
        model = GaussianDenoiser(0.25)
        walk = unipc(process(steps), model, *impulses(0), variant=variant, corrector=False)
        errors.append(float(finish(walk)[0].squeeze()) / flow(0.25) - 1)
    np.testing.assert_allclose(orders(errors), 3, atol=0.2)


def test_correcting_needs_no_evaluation_more() -> None:
    for corrector in (False, True):
        model = GaussianDenoiser()
        finish(unipc(process(30), model, *impulses(0), corrector=corrector))
        assert model.calls == 31


def test_first_order_without_corrector_is_ddim() -> None:
    model = GaussianDenoiser(0.25)
    ours, _ = finish(unipc(process(60), model, *impulses(0), order=1, corrector=False))
    theirs, _ = finish(ddim(process(60), model, *impulses(0)))
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)


def test_long_way_in_tiny_steps() -> None:
    """All T timesteps work, though h is so small that weights by subtraction would be noise."""
    way = DiffusionProcess(LINEAR, clip_x0=False)
    out, _ = finish(unipc(way, GaussianDenoiser(0.25), *impulses(0)))
    assert float(out.squeeze()) == pytest.approx(flow(0.25, 0), rel=1e-3)


def test_a_corrected_step_by_hand() -> None:
    """A corrected step of UniPC-2 with bh2 equals the formulas, through three levels on N(0, ¼)."""
    kept = [200, 600, 999]
    a = alphas_cumprod()[kept]
    alpha, sigma = np.sqrt(a), np.sqrt(1 - a)
    lam = np.log(alpha / sigma)
    gain = alpha * 0.25 / (a * 0.25 + 1 - a)

    def base(x: float, m: float, i: int) -> float:
        h = lam[i - 1] - lam[i]
        return float(sigma[i - 1] / sigma[i] * x + alpha[i - 1] * (1 - math.exp(-h)) * m)

    m2 = gain[2]
    x1 = base(1.0, m2, 2)
    m1 = gain[1] * x1
    # UniC-1 of the first step, then UniP-2 of the second.
    x1 = base(1.0, m2, 2) + alpha[1] * (1 - math.exp(lam[2] - lam[1])) * 0.5 * (m1 - m2)
    h, r = lam[0] - lam[1], (lam[2] - lam[1]) / (lam[0] - lam[1])
    x0 = base(x1, m1, 1) + alpha[0] * (1 - math.exp(-h)) * 0.5 * (m2 - m1) / r
    strided = DiffusionProcess(LINEAR.keep(torch.tensor(kept)), clip_x0=False)
    out, frames = finish(unipc(strided, GaussianDenoiser(0.25), *impulses(0), order=2))
    assert float(frames[2].x_t.squeeze()) == pytest.approx(x0, rel=1e-12)
    assert float(out.squeeze()) == pytest.approx(gain[0] * x0, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"order": 0}, "order must be 1, 2 or 3"),
        ({"order": 4}, "order must be 1, 2 or 3"),
        ({"variant": "bh3"}, "variant must be 'bh1' or 'bh2', not 'bh3'"),
        ({"variant": "BH1"}, "variant must be 'bh1' or 'bh2'"),
    ],
)
def test_refusals_at_the_call(options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unipc(process(9), GaussianDenoiser(), *impulses(0), **options)  # type: ignore[arg-type]
