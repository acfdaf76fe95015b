"""Training pictures of a run: they are found in the cache if the source files are gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import (
    ModelStore,
    example_pictures,
    find_neighbours,
    load_picture,
    measure_bits,
    train,
)
from ddpm_studio.requests import BitsRequest, NeighboursRequest, PrepareOptions
from tests.jobs.conftest import REQUEST, finish


@pytest.fixture
def orphan(pictures: Path, tmp_path: Path) -> Path:
    """A run whose source pictures have been deleted."""
    own = tmp_path / "own"
    shutil.copytree(pictures, own)
    request = REQUEST.model_copy(update={"steps": 1, "sample_count": 0})
    finish(train([own], tmp_path / "run", request, PrepareOptions()))
    shutil.rmtree(own)
    return tmp_path / "run"


def test_pictures_that_were_kept_are_shown_and_compared_and_measured(
    orphan: Path, pictures: Path
) -> None:
    learnt = [load_picture(pictures / f"{k}.png", orphan) for k in range(10)]
    assert np.array_equal(example_pictures(orphan, 48), learnt)
    assert np.array_equal(example_pictures(orphan, 5), learnt[::2]), "spread over the set"
    found = finish(find_neighbours(NeighboursRequest(run=orphan), learnt[4]))[1]
    assert (found.numbers[0], found.distances[0]) == (4, 0)
    asked = BitsRequest(run=orphan, count=2, timesteps=3, device="cpu")
    assert finish(measure_bits(asked, [], ModelStore()))[1].pictures == 2


def test_pictures_that_were_not_kept_are_missed_by_name(orphan: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "cache")
    with pytest.raises(StudioError, match="own"):
        example_pictures(orphan, 4)
