"""Held-out pictures: the split depends on each picture's bytes alone."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from ddpm_studio.engine.generators import finish
from ddpm_studio.metrics import held_out as held_out_split
from ddpm_studio.metrics.held_out import content_hashes, content_key, expected_trained, held_out

PICTURES = np.random.default_rng(0).integers(0, 256, (3000, 4, 4, 3), dtype=np.uint8)


def test_about_the_share_and_stays_when_pictures_are_added_or_moved() -> None:
    hashes = finish(content_hashes(PICTURES))
    chosen = held_out(hashes, 0.05)
    assert 100 < chosen.sum() < 200
    fewer = finish(content_hashes(PICTURES[1000:]))
    np.testing.assert_array_equal(held_out(fewer, 0.05), chosen[1000:])
    turned = finish(content_hashes(PICTURES[::-1]))
    np.testing.assert_array_equal(held_out(turned, 0.05), chosen[::-1])
    assert not held_out(hashes, 0).any()


def test_a_larger_share_holds_those_of_a_smaller_one() -> None:
    hashes = finish(content_hashes(PICTURES))
    small, large = held_out(hashes, 0.02), held_out(hashes, 0.2)
    assert not (small & ~large).any()
    few = held_out(hashes, 0.2, max_count=10)
    assert few.sum() == 10
    assert not (few & ~small).any()


@pytest.mark.parametrize(("share", "max_count"), [(0.0, 4096), (0.05, 4096), (0.9, 2000)])
def test_as_many_are_expected_to_be_trained_on_as_are(
    monkeypatch: pytest.MonkeyPatch, share: float, max_count: int
) -> None:
    monkeypatch.setattr(held_out_split, "MAX_HELD_OUT", max_count)
    trained = (~held_out(finish(content_hashes(PICTURES)), share, max_count)).sum()
    # Three standard deviations of a binomial distribution.
    tolerance = 3 * math.sqrt(len(PICTURES) * share * (1 - share))
    assert abs(expected_trained(len(PICTURES), share) - trained) <= tolerance
    assert expected_trained(1, 0.999) == 1


def test_the_hash_is_that_of_the_bytes() -> None:
    digest = hashlib.blake2b(PICTURES[7].tobytes(), digest_size=8).digest()
    assert finish(content_hashes(PICTURES[:8]))[7] == int.from_bytes(digest, "little")


def test_equal_pictures_are_on_one_side_and_one_is_left_to_train_on() -> None:
    twice = np.concatenate([PICTURES[:50], PICTURES[:50]])
    chosen = held_out(finish(content_hashes(twice)), 0.5)
    np.testing.assert_array_equal(chosen[:50], chosen[50:])
    for count in (1, 2, 3):
        assert not held_out(finish(content_hashes(PICTURES[:count])), 0.999).all()


def test_the_key_tells_pictures_and_their_order() -> None:
    hashes = finish(content_hashes(PICTURES[:9]))
    assert content_key(hashes) == content_key(finish(content_hashes(PICTURES[:9].copy())))
    assert content_key(hashes) != content_key(hashes[::-1].copy())


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_shares_out_of_range(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        held_out(np.zeros(3, np.uint64), share)
