from __future__ import annotations

import numpy as np

from ddpm_studio.backend.rows import Losses
from ddpm_studio.gui.widgets.plots.loss_series import LossSeries, downsample


def _afresh(steps: np.ndarray, losses: np.ndarray, smoothing: float = 0.9) -> LossSeries:
    made = LossSeries(smoothing)
    made.update(Losses.of_steps(steps, losses))
    return made


def test_a_series_that_goes_on_equals_one_that_was_given_at_once() -> None:
    random = np.random.default_rng(0)
    steps, losses = np.arange(1, 3001.0), random.random(3000)
    losses[[5, 700]] = np.nan
    series = LossSeries(0.9)
    told = [
        series.update(Losses.of_steps(steps[:end], losses[:end])) for end in (10, 10, 1500, 3000)
    ]
    assert told == [True, False, True, True]
    whole = _afresh(steps, losses)
    assert np.array_equal(series.steps, whole.steps)
    assert np.allclose(series.smooth, whole.smooth, rtol=1e-12)
    assert not series.update(Losses.of_steps(steps, losses))


def test_a_series_that_was_cut_and_taken_anew_is_shown_anew() -> None:
    steps = np.arange(1, 101.0)
    series = _afresh(steps, 1 / steps)
    again = np.where(steps <= 60, 1 / steps, 2 / steps)
    for end in (60, 80, 100):
        assert series.update(Losses.of_steps(steps[:end], again[:end]))
        assert series.losses.tolist() == again[:end].tolist()
        assert np.allclose(series.smooth, _afresh(steps[:end], again[:end]).smooth)


def test_a_long_curve_is_outlined_by_the_ends_of_its_parts() -> None:
    random = np.random.default_rng(1)
    steps, values = np.arange(1, 100_002.0), random.random(100_001)
    values[[777, 50_000]] = 9, -9
    x, y = downsample(steps, values, (values, values), 500)
    assert len(x) == len(y) <= 1001
    assert (x[0], x[-1], y[-1]) == (1, 100_001, values[-1])
    assert (np.diff(x) >= 0).all()
    assert (y.max(), y.min()) == (9, -9), "no outlier is lost"
    # Each part spans the range of its values.
    size = -(-len(steps) // 500)
    for k in (0, 3, 250):
        assert y[2 * k] == values[k * size : (k + 1) * size].min()
        assert y[2 * k + 1] == values[k * size : (k + 1) * size].max()


def test_a_short_curve_is_itself() -> None:
    steps, values = np.arange(5.0), np.arange(5.0) ** 2
    x, y = downsample(steps, values, (values, values), 500)
    assert np.array_equal(x, steps)
    assert np.array_equal(y, values)
    assert not np.shares_memory(x, steps)


def test_rows_of_several_steps_are_smoothed_and_outlined_as_their_steps() -> None:
    random = np.random.default_rng(2)
    losses = 1 + random.random(4000)
    parts = losses.reshape(-1, 8)
    ends = parts.min(1), parts.max(1)
    told = Losses(np.arange(8, 4001.0, 8), parts.mean(1), *ends, np.full(500, 8.0))
    series = LossSeries(0.99)
    assert series.update(told)
    single = _afresh(np.arange(1, 4001.0), losses, 0.99)
    # The order of the losses within a row isn't known: hence the tolerance.
    assert np.allclose(series.smooth[50:], single.smooth[7::8][50:], rtol=0.01)
    near = series.at(12)
    assert near is not None
    assert near[:4] == (8, parts[0].mean(), parts[0].min(), parts[0].max())
    x, y = downsample(series.steps, series.losses, series.bounds, 2000)
    assert (y[::2][:500].tolist(), y[1::2].tolist()) == (ends[0].tolist(), ends[1].tolist())
    assert x[:4].tolist() == [8, 8, 16, 16]
