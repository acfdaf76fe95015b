"""Trail: a polyline of points (u, v) between four pictures, drawn and kept as one drawing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, interpolate, load_picture
from ddpm_studio.jobs.drawing.recipes import restored
from ddpm_studio.jobs.events import DrawingResult, Pictures
from ddpm_studio.jobs.library import gallery
from ddpm_studio.requests import InterpolateRequest
from tests.jobs.conftest import finish

TRAIL = "0,0 1,0 0.25,0.5 0,1 1,1"


@pytest.fixture(scope="module")
def models() -> ModelStore:
    return ModelStore()


@pytest.fixture
def corners(run: Path, pictures: Path) -> list[Pictures]:
    return [load_picture(pictures / f"{k}.png", run) for k in range(4)]


def drawn(
    request: InterpolateRequest, corners: list[Pictures], models: ModelStore
) -> DrawingResult:
    made: DrawingResult = finish(interpolate(request, corners, models))[1]
    return made


def test_each_point_is_the_picture_that_u_and_v_alone_give(
    run: Path, models: ModelStore, corners: list[Pictures]
) -> None:
    way = drawn(InterpolateRequest(run=run, t=10, steps=3, seed=5, trail=TRAIL), corners, models)
    assert len(way.pictures) == 5
    for k, point in enumerate(TRAIL.split()):
        u, v = map(float, point.split(","))
        alone = InterpolateRequest(run=run, t=10, steps=3, seed=5, u=u, v=v)
        one = drawn(alone, corners, models).pictures[0]
        assert np.abs(one.astype(int) - way.pictures[k]).max() <= 1


def test_at_t_0_it_goes_from_corner_to_corner(
    run: Path, models: ModelStore, corners: list[Pictures]
) -> None:
    way = drawn(InterpolateRequest(run=run, t=0, trail=TRAIL), corners, models)
    assert np.array_equal(way.pictures[[0, 1, 3, 4]], np.stack(corners))
    found = restored(way.recipe, Path("x.png"))
    assert found is not None
    assert getattr(found.request, "trail", "") == TRAIL


def test_the_gallery_keeps_one_picture_of_it(
    run: Path, models: ModelStore, corners: list[Pictures], tmp_path: Path
) -> None:
    way = drawn(InterpolateRequest(run=run, t=0, trail=TRAIL), corners, models)
    kept = finish(gallery.save_to_gallery(tmp_path, way))[1]
    assert [item.index for item in kept] == [2]


def test_two_pictures_have_no_trail(run: Path, models: ModelStore, corners: list[Pictures]) -> None:
    request = InterpolateRequest(run=run, t=0, trail=TRAIL)
    with pytest.raises(StudioError, match="between four"):
        finish(interpolate(request, corners[:2], models))


@pytest.mark.parametrize(
    "trail", ["", "0,0", "0,0 1", "0,0 2,0", "0,0 a,b", "0,0 nan,0", "0,0,0 1,1,1", "0,0 " * 1001]
)
def test_what_is_no_trail_is_refused(trail: str) -> None:
    with pytest.raises(ValidationError, match="trail"):
        InterpolateRequest(run=Path("run"), t=0, trail=trail)


def test_a_trail_takes_the_place_of_u_and_v() -> None:
    with pytest.raises(ValidationError, match="not both"):
        InterpolateRequest(run=Path("run"), t=0, u=0.5, v=0.5, trail=TRAIL)
    # Without a trail, recipes are those of versions that had no trails.
    assert "trail" not in InterpolateRequest(run=Path("run"), t=0).model_dump()
