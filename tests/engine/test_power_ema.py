"""Power-function EMA: its profile, and post-hoc reconstruction of other lengths."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ddpm_studio.engine.power_ema import (
    LONG,
    SHORT,
    PowerEMA,
    Snapshot,
    coefficients,
    gamma,
    relative_width,
)

STEPS = 1000


def test_widths_of_the_paper() -> None:
    assert gamma(0.05) == pytest.approx(16.97, abs=0.01)  # [EDM2 §3.2]
    assert gamma(0.10) == pytest.approx(6.94, abs=0.01)
    for width in (0.01, 0.03, 0.1, 0.25):
        assert relative_width(gamma(width)) == pytest.approx(width)
    for wrong in (0.0, 0.3, float("nan")):
        with pytest.raises(ValueError, match=r"is 0\.01 to 0\.25"):
            gamma(wrong)


def test_the_width_is_the_spread_of_the_profile_over_the_time() -> None:
    """The width is the standard deviation of τ^γ on 0..1, here by a sum."""
    tau = (np.arange(200_000) + 0.5) / 200_000
    p = tau ** gamma(0.1)
    p /= p.sum()
    mean = (p * tau).sum()
    assert np.sqrt((p * (tau - mean) ** 2).sum()) == pytest.approx(0.1, rel=1e-4)


def _walk(widths: tuple[float, ...], every: int) -> tuple[list[Tensor], dict[Snapshot, Tensor]]:
    """Return a random walk's weights after each step, and its averages each ``every`` steps."""
    torch.manual_seed(0)
    network = nn.Linear(50, 1, bias=False)
    averages = [PowerEMA(network, width) for width in widths]
    places, told = [], {}
    with torch.no_grad():
        for step in range(1, STEPS + 1):
            network.weight.add_(torch.randn(1, 50))
            places.append(network.weight.detach().double().clone())
            for average in averages:
                average.update(step)
                if step % every == 0:
                    told[Snapshot(average.width, step)] = (
                        average.tensors()["weight"].double().clone()
                    )
    return places, told


def test_weights_of_step_tau_count_as_tau_to_the_gamma() -> None:
    places, told = _walk((SHORT, 0.2), STEPS)
    for (width, _), average in told.items():
        edges = (np.arange(STEPS + 1) / STEPS) ** (gamma(width) + 1)
        expected = sum(
            (share * place for share, place in zip(np.diff(edges), places, strict=True)),
            torch.zeros(1, 50, dtype=torch.float64),
        )
        torch.testing.assert_close(average, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("width", [0.03, 0.07, 0.15, 0.2])
def test_another_length_is_rebuilt_from_snapshots_of_two(width: float) -> None:
    _, told = _walk((SHORT, LONG, width), STEPS // 20)
    kept = [snapshot for snapshot in told if snapshot.width in (SHORT, LONG)]
    wanted = Snapshot(width, STEPS)
    shares = coefficients(kept, wanted)
    made = torch.stack([told[one] * share for one, share in zip(kept, shares, strict=True)]).sum(0)
    tracked = told[wanted]
    assert float((made - tracked).norm() / tracked.norm()) < 2e-3
    # The nearest snapshot alone would be far off.
    near = min(kept, key=lambda one: (abs(one.width - width), -one.step))
    assert float((told[near] - tracked).norm() / tracked.norm()) > 2e-2


def test_what_is_there_is_taken_as_it_is() -> None:
    kept = [Snapshot(width, step) for step in (100, 200, 300) for width in (SHORT, LONG)]
    for index, snapshot in enumerate(kept):
        earlier = [one for one in kept if one.step <= snapshot.step]
        shares = coefficients(earlier, snapshot)
        np.testing.assert_allclose(shares, np.eye(len(kept))[index, : len(earlier)], atol=1e-9)


def test_snapshots_that_can_not_make_it_are_refused() -> None:
    one = Snapshot(SHORT, 10)
    for wrong in ([], [one, one]):
        with pytest.raises(ValueError, match="each once"):
            coefficients(wrong, one)
    with pytest.raises(ValueError, match="later than step 5"):
        coefficients([one], Snapshot(SHORT, 5))


def test_an_average_of_another_network_is_refused() -> None:
    average = PowerEMA(nn.Linear(2, 3), SHORT)
    with pytest.raises(ValueError, match=r"width 0\.05 lacks a fitting weight"):
        average.load(PowerEMA(nn.Linear(3, 3), SHORT).tensors())
