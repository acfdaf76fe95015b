from __future__ import annotations

import numpy as np

from ddpm_studio.backend.rows import GrowingRows


def test_rows_grow_and_forget_what_is_told_anew() -> None:
    rows = GrowingRows(["last", "last"])
    rows.append(np.array([[k, k] for k in range(3000)], float))
    rows.append(np.array([[2500, -1], [2501, -2]], float))
    assert rows.rows[:, 0].tolist() == [float(k) for k in range(2502)]
    assert rows.rows[-2:, 1].tolist() == [-1, -2]
    rows.append(np.empty((0, 2)))
    assert len(rows.rows) == 2502


def test_rows_of_a_long_run_become_means_of_ever_more() -> None:
    steps = np.arange(1.0, 10_001)
    values = np.random.default_rng(0).random(10_000)
    rows = GrowingRows(["last", "mean"], max_rows=64, recent=8)
    for start in range(0, 10_000, 7):
        rows.append(np.stack([steps, values], axis=1)[start : start + 7])
        assert len(rows.rows) <= 64
    kept = rows.rows
    assert np.array_equal(kept[-8:], np.stack([steps, values], axis=1)[-8:])
    ends = kept[:, 0].astype(int)
    assert ends[-1] == 10_000
    whole = [values[a:b].mean() for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    assert np.allclose(kept[:, 1], whole)
    assert np.array_equal(rows.counts, np.diff([0, *ends]))


def test_the_beginning_of_a_long_run_is_kept_as_finely_as_what_follows() -> None:
    rows = GrowingRows(["last", "mean"], max_rows=64, recent=8)
    for step in range(1, 20_001):
        rows.append(np.array([[step, step]], float))
    counts = rows.counts
    assert counts[:16].min() == counts.max() <= 20_000 / 16


def test_a_curve_that_is_shown_stays_whole_while_rows_become_fewer() -> None:
    table = np.stack([np.arange(1000.0), np.arange(1000.0) ** 2], axis=1)
    rows = GrowingRows(["last", "mean"], max_rows=100, recent=10)
    rows.append(table[:100])
    shown = rows.rows
    rows.append(table[100:])
    assert np.array_equal(shown, table[:100])


def test_what_is_told_at_once_is_kept_as_what_comes_bit_by_bit() -> None:
    table = np.stack([np.arange(5000.0), np.arange(5000.0) ** 2], axis=1)
    slowly, at_once = (
        GrowingRows(["last", "mean"], max_rows=100, recent=10),
        GrowingRows(["last", "mean"], max_rows=100, recent=10),
    )
    at_once.append(table)
    for start in range(0, 5000, 100):
        slowly.append(table[start : start + 100])
    assert np.array_equal(at_once.rows, slowly.rows)


def test_nothing_known_stays_nothing_known() -> None:
    nan = np.nan
    rows = GrowingRows(["last", "mean", "mean"], max_rows=4, recent=3)
    rows.append(np.array([[1, nan, nan], [2, 4, nan], [3, 5, 6], [4, 6, 7], [5, 7, 8]], float))
    assert np.array_equal(
        rows.rows, np.array([[2, 4, nan], [3, 5, 6], [4, 6, 7], [5, 7, 8]]), equal_nan=True
    )


def test_a_long_run_that_goes_back_forgets_what_came_after() -> None:
    rows = GrowingRows(["last", "mean"], max_rows=8, recent=2)
    rows.append(np.array([[k, k] for k in range(1, 21)], float))
    assert rows.rows[0, 0] > 1
    rows.append(np.array([[10, -1], [11, -1]], float))
    assert (rows.rows[:-2, 0] < 10).all()
    assert rows.rows[-2:].tolist() == [[10, -1], [11, -1]]


def test_what_goes_back_within_what_is_told_at_once_is_forgotten_too() -> None:
    rows = GrowingRows(["last", "last"])
    rows.append(np.array([[1, 0], [2, 0], [3, 0]], float))
    rows.append(np.array([[4, 0], [5, 0], [6, 0], [3, 1], [4, 1], [9, 1], [5, 2]], float))
    assert rows.rows.tolist() == [[1, 0], [2, 0], [3, 1], [4, 1], [5, 2]]


def test_the_least_and_the_greatest_outlive_their_neighbours() -> None:
    values = np.random.default_rng(1).random(3000)
    values[[100, 2000]] = np.nan
    values[[7, 1234]] = -9, 9
    rows = GrowingRows(["last", "least", "greatest"], max_rows=32, recent=2)
    rows.append(np.stack([np.arange(1.0, 3001), values, values], axis=1))
    kept = rows.rows
    ends = kept[:, 0].astype(int)
    parts = [values[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    assert kept[:, 1].tolist() == [np.nanmin(part) for part in parts]
    assert kept[:, 2].tolist() == [np.nanmax(part) for part in parts]
