from __future__ import annotations

import numpy as np

from ddpm_studio.gui.widgets.loss_series import LossSeries


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
