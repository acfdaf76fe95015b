"""Memorisation, class statistics, and the choice of real pictures for the comparison."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from ddpm_studio.engine.generators import finish
from ddpm_studio.metrics.classes import classes
from ddpm_studio.metrics.memorisation import memorisation
from ddpm_studio.metrics.metric_input import Features, MetricInput
from ddpm_studio.metrics.real_split import split_real_rows
from ddpm_studio.metrics.subset import Subset

DRAW = np.random.default_rng(0)
REAL = DRAW.integers(0, 256, (40, 5, 5, 3), dtype=np.uint8)
OTHERS = DRAW.integers(0, 256, (30, 5, 5, 3), dtype=np.uint8)
NONE = np.zeros((0, 2))


def remembered(fake: np.ndarray, real: np.ndarray = REAL) -> dict[str, float]:
    return dict(finish(memorisation(MetricInput(NONE, NONE, real, fake))))


def test_copies_are_told_from_new_pictures_of_the_same_kind() -> None:
    new = remembered(OTHERS)
    assert new["copies"] == 0
    assert new["nearest_ratio"] == pytest.approx(1, abs=0.1)
    near = np.clip(REAL.astype(int) + DRAW.integers(-3, 4, REAL.shape), 0, 255).astype(np.uint8)
    assert remembered(near)["copies"] == 1
    assert remembered(near)["nearest_ratio"] < 0.1
    assert remembered(np.concatenate([REAL[:15], OTHERS[:15]]))["copies"] == 0.5
    assert remembered(REAL) == {"copies": 1, "nearest_ratio": 0}


def test_distances_are_those_of_every_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddpm_studio.metrics.memorisation._BYTES", 8 * 75 * 7)
    monkeypatch.setattr("ddpm_studio.metrics.pairwise._BYTES", 8 * 7 * 4)
    gaps = np.sqrt(np.square(OTHERS[:, None].astype(float) - REAL).sum((2, 3, 4)))
    among = np.sqrt(np.square(REAL[:, None].astype(float) - REAL).sum((2, 3, 4)))
    np.fill_diagonal(among, np.inf)
    expected = np.median(gaps.min(1)) / np.median(among.min(1))
    assert remembered(OTHERS)["nearest_ratio"] == pytest.approx(expected, rel=1e-12)
    seen = Subset(np.concatenate([OTHERS, REAL]), np.arange(30, 70))
    found = dict(finish(memorisation(MetricInput(NONE, NONE, seen, OTHERS))))
    assert found["nearest_ratio"] == pytest.approx(expected, rel=1e-12)


def test_few_pictures_are_numbers_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddpm_studio.metrics.memorisation._BYTES", most := 1 << 18)
    many = DRAW.integers(0, 256, (600, 16, 16, 3), dtype=np.uint8)
    tracemalloc.start()
    try:
        remembered(many[40:], many[:40])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # As floats, all pictures at once would take 3.4 MB.
    assert peak < 5 * most


def test_a_picture_that_is_in_the_set_twice_is_a_copy_too() -> None:
    assert remembered(REAL, np.concatenate([REAL, REAL]))["copies"] == 1


def test_class_figures_are_shares() -> None:
    probabilities = np.array([[0.95, 0.05], [0.9, 0.1], [0.4, 0.6], [0.85, 0.15]])

    def given(features: Features) -> Features:
        return np.asarray(probabilities[features[:, 0].astype(int)])

    fake = np.arange(4.0)[:, None]
    none = np.zeros((0, 1, 1, 1), np.uint8)
    compared = MetricInput(fake, fake, none, none, 0, ("a", "b"), given)
    assert finish(classes(compared)) == {
        "confident": 0.5,
        "rarest_class": 0.25,
        "class a": 0.75,
        "class b": 0.25,
    }
    with pytest.raises(ValueError, match="classifier"):
        finish(classes(MetricInput(fake, fake, none, none)))


def test_the_floor_are_pictures_of_the_smallest_hashes_and_never_in_the_reference() -> None:
    hashes = DRAW.integers(0, 2**63, 100).astype(np.uint64)
    held_out = hashes <= np.sort(hashes)[19]
    rows = split_real_rows(hashes, 10, 50, held_out)
    assert (hashes[rows.floor] <= np.sort(hashes)[9]).all()
    assert held_out[rows.floor].all()
    assert len(rows.reference) == 50
    assert not held_out[rows.reference].any()
    np.testing.assert_array_equal(rows.training, np.flatnonzero(~held_out))
    rows = split_real_rows(hashes, 200, 1000, np.zeros(100, bool))
    assert (len(rows.floor), len(rows.reference)) == (50, 50)
    assert not set(rows.floor) & set(rows.reference)
    assert len(rows.training) == 100
    assert list(rows.training_rest) == list(rows.reference)


def test_copies_may_be_mirrored_where_the_pictures_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddpm_studio.metrics.memorisation._BYTES", 8 * 75 * 7)
    monkeypatch.setattr("ddpm_studio.metrics.pairwise._BYTES", 8 * 7 * 4)

    def found(fake: np.ndarray, flip: bool) -> dict[str, float]:
        return dict(finish(memorisation(MetricInput(NONE, NONE, REAL, fake, flip=flip))))

    assert found(REAL[:, :, ::-1], False)["copies"] == 0
    assert found(REAL[:, :, ::-1], True) == {"copies": 1, "nearest_ratio": 0}
    assert found(REAL, True) == {"copies": 1, "nearest_ratio": 0}

    def distances(pictures: np.ndarray) -> np.ndarray:
        ways = [way[:, None].astype(float) - REAL for way in (pictures, pictures[:, :, ::-1])]
        first, second = (np.sqrt(np.square(gaps).sum((2, 3, 4))) for gaps in ways)
        return np.asarray(np.minimum(first, second))

    among = distances(REAL)
    np.fill_diagonal(among, np.inf)
    expected = np.median(distances(OTHERS).min(1)) / np.median(among.min(1))
    assert found(OTHERS, True)["nearest_ratio"] == pytest.approx(expected, rel=1e-12)


def test_some_rows_are_parted_as_a_set_of_their_own() -> None:
    hashes = DRAW.integers(0, 2**63, 100).astype(np.uint64)
    held_out = hashes <= np.sort(hashes)[19]
    among = np.arange(3, 100, 4)
    rows = split_real_rows(hashes, 10, 50, held_out, among)
    alone = split_real_rows(hashes[among], 10, 50, held_out[among])
    for part in ("reference", "floor", "training", "training_rest"):
        np.testing.assert_array_equal(getattr(rows, part), among[getattr(alone, part)])
