from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from ddpm_studio.engine.generators import finish as run_to_end
from ddpm_studio.metrics import NearestNeighbours, nearest, neighbours


def finish(job: Generator[int, None, NearestNeighbours]) -> tuple[list[int], NearestNeighbours]:
    done: list[int] = []
    found = run_to_end(job, done.append)
    return done, found


@pytest.fixture
def images(tmp_path: Any) -> np.ndarray:
    """Return a memory-mapped set of pictures, as datasets are."""
    file = tmp_path / "images.npy"
    np.save(file, np.random.default_rng(0).integers(0, 256, (50, 6, 6, 3), dtype=np.uint8))
    mapped: np.ndarray = np.load(file, mmap_mode="r")
    return mapped


def test_distances_are_those_of_every_pair(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_BYTES_AT_ONCE", 7 * 6 * 6 * 3)
    picture = np.random.default_rng(1).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    done, found = finish(nearest(images, picture, 5))
    gaps = images.astype(int) - picture.astype(int)
    distances = np.sqrt((gaps**2).mean((1, 2, 3)))
    assert found.indices.tolist() == np.argsort(distances)[:5].tolist()
    np.testing.assert_allclose(found.distances, np.sort(distances)[:5], rtol=1e-12)
    assert not found.mirrored.any()
    assert done == [7, 14, 21, 28, 35, 42, 49, 50]


def test_a_copy_is_at_0_also_a_mirrored_one(images: np.ndarray) -> None:
    for flip in (False, True):
        _, found = finish(nearest(images, images[17], 3, flip=flip))
        assert (found.indices[0], found.distances[0], found.mirrored[0]) == (17, 0, False)
    mirrored = images[17][:, ::-1]
    assert finish(nearest(images, mirrored, 1))[1].distances[0] > 10
    found = finish(nearest(images, mirrored, 1, flip=True))[1]
    assert (found.indices[0], found.distances[0], found.mirrored[0]) == (17, 0, True)


def test_equal_distances_keep_the_order_and_all_is_the_most(images: np.ndarray) -> None:
    same = np.repeat(images[:1], 4, axis=0)
    assert finish(nearest(same, images[1], 9))[1].indices.tolist() == [0, 1, 2, 3]


def test_some_places_alone_are_found(images: np.ndarray) -> None:
    among = np.array([3, 8, 20, 41])
    _, found = finish(nearest(images, images[17], 9, among=among))
    gaps = images[among].astype(int) - images[17].astype(int)
    distances = np.sqrt((gaps**2).mean((1, 2, 3)))
    assert found.indices.tolist() == among[np.argsort(distances)].tolist()
    np.testing.assert_allclose(found.distances, np.sort(distances), rtol=1e-12)


def test_refusals(images: np.ndarray) -> None:
    with pytest.raises(ValueError, match="shape"):
        finish(nearest(images, images[0, :5], 1))
    with pytest.raises(ValueError, match="count"):
        finish(nearest(images, images[0], 0))
