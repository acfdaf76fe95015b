from __future__ import annotations

import numpy as np

from ddpm_studio.gui.widgets.loss_series import LossSeries, outlined


def _afresh(steps: np.ndarray, losses: np.ndarray) -> LossSeries:
    made = LossSeries(0.9)
    made.append(steps, losses)
    return made


def test_a_series_that_goes_on_equals_one_that_was_given_at_once() -> None:
    random = np.random.default_rng(0)
    steps, losses = np.arange(1, 3001.0), random.random(3000)
    losses[[5, 700]] = np.nan
    series = LossSeries(0.9)
    told = [series.update(steps[:end], losses[:end]) for end in (10, 10, 1500, 3000)]
    assert told == [True, False, True, True]
    whole = _afresh(steps, losses)
    assert np.array_equal(series.steps, whole.steps)
    assert np.allclose(series.smooth, whole.smooth, rtol=1e-12)
    assert not series.update(steps, losses)


def test_a_series_that_was_cut_and_taken_anew_is_shown_anew() -> None:
    steps = np.arange(1, 101.0)
    series = _afresh(steps, 1 / steps)
    again = np.where(steps <= 60, 1 / steps, 2 / steps)
    for end in (60, 80, 100):
        assert series.update(steps[:end], again[:end])
        assert series.losses.tolist() == again[:end].tolist()
        assert np.allclose(series.smooth, _afresh(steps[:end], again[:end]).smooth)


def test_a_long_curve_is_outlined_by_the_ends_of_its_parts() -> None:
    random = np.random.default_rng(1)
    steps, values = np.arange(1, 100_002.0), random.random(100_001)
    values[[777, 50_000]] = 9, -9
    x, y = outlined(steps, values, 500)
    assert len(x) == len(y) <= 1001
    assert (x[0], x[-1], y[-1]) == (1, 100_001, values[-1])
    assert (np.diff(x) >= 0).all()
    assert (y.max(), y.min()) == (9, -9), "no outlier is lost"
    # Each part spans what its values do.
    size = -(-len(steps) // 500)
    for k in (0, 3, 250):
        assert y[2 * k] == values[k * size : (k + 1) * size].min()
        assert y[2 * k + 1] == values[k * size : (k + 1) * size].max()


def test_a_short_curve_is_itself() -> None:
    steps, values = np.arange(5.0), np.arange(5.0) ** 2
    x, y = outlined(steps, values, 500)
    assert np.array_equal(x, steps)
    assert np.array_equal(y, values)
    assert not np.shares_memory(x, steps)
