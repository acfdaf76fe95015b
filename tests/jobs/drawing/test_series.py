from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import (
    ModelStore,
    example_pictures,
    fit_picture,
    interpolate,
    interpolate_series,
    load_picture,
    sample,
    sample_interleaved,
    share,
    share_series,
)
from ddpm_studio.jobs.events import (
    DrawingResult,
    DrawingStarted,
    FrameImages,
    InterleavedEvent,
    Progress,
)
from ddpm_studio.requests import InterpolateRequest, SampleRequest, ShareRequest
from tests.jobs.conftest import finish


@pytest.fixture(scope="module")
def models() -> ModelStore:
    return ModelStore()


def test_a_series_draws_what_each_request_alone_would(
    run: Path, pictures: Path, models: ModelStore
) -> None:
    a, b = (load_picture(pictures / f"{k}.png", run) for k in (1, 8))
    shares = [ShareRequest(run=run, t=t, count=2, steps=10) for t in (0, 8, 20)]
    rows = finish(share_series(shares, a, models))[1]
    for row, request in zip(rows, shares, strict=True):
        alone = finish(share(request, a, models))[1]
        assert np.array_equal(row.pictures, alone.pictures)
    mixes = [InterpolateRequest(run=run, t=t, steps_lambda=3, steps=10) for t in (5, 20)]
    rows = finish(interpolate_series(mixes, (a, b), models))[1]
    for row, mix in zip(rows, mixes, strict=True):
        alone = finish(interpolate(mix, (a, b), models))[1]
        assert np.array_equal(row.pictures, alone.pictures)


def test_each_row_is_told_when_it_is_done_and_progress_never_falls(
    run: Path, models: ModelStore
) -> None:
    requests = [ShareRequest(run=run, t=t, count=1, frames=3) for t in (4, 12)]
    events, rows = finish(share_series(requests, None, models))
    assert [event for event in events if isinstance(event, DrawingResult)] == rows
    done = [event.done for event in events if isinstance(event, Progress)]
    assert done == sorted(done)
    assert {event.total for event in events if isinstance(event, Progress)} == {16}
    assert done[-1] == 16


def test_samplers_go_in_step_and_draw_what_each_alone_would(run: Path, models: ModelStore) -> None:
    requests = [
        SampleRequest(run=run, count=2, frames=21, sampler=sampler, steps=steps)
        for sampler, steps in (("ddim", 4), ("ddpm", 8))
    ]
    events, drawn = finish(sample_interleaved(requests, models))
    told = [event for event in events if isinstance(event, InterleavedEvent)]
    for which, request in enumerate(requests):
        alone_events, alone = finish(sample(request, models))
        assert np.array_equal(drawn[which].pictures, alone.pictures)
        own = [event.event for event in told if event.which == which]
        frames = [event for event in own if isinstance(event, FrameImages)]
        assert len(frames) == 1 + (4, 8)[which]
        wanted = [event for event in alone_events if isinstance(event, FrameImages)]
        assert [frame.t for frame in frames] == [frame.t for frame in wanted]
        assert own[-1] is drawn[which]
        begun = [event.recipe for event in own if isinstance(event, DrawingStarted)]
        assert begun == [alone.recipe]
    assert [event.which for event in told[:6]] == [0, 1] * 3
    done = [event.done for event in events if isinstance(event, Progress)]
    assert done == sorted(done)
    assert done[-1] == 1000


def test_frames_of_sharing_and_interpolating_end_with_the_pictures(
    run: Path, pictures: Path, models: ModelStore
) -> None:
    a, b = (load_picture(pictures / f"{k}.png", run) for k in (1, 8))
    sharing = share(ShareRequest(run=run, t=12, count=2, frames=4), a, models)
    mixing = interpolate(
        InterpolateRequest(run=run, t=12, steps_lambda=3, frames=4), (a, b), models
    )
    for job in (sharing, mixing):
        events, drawn = finish(job)
        frames = [event for event in events if isinstance(event, FrameImages)]
        assert len(frames) == 4
        assert frames[0].t == 12
        assert np.array_equal(frames[0].x_t[:1], drawn.latent[:1])
        assert np.array_equal(frames[-1].x_t, drawn.pictures)


def test_a_picture_of_any_shape_is_fitted_to_the_model(run: Path) -> None:
    wide = np.zeros((40, 80, 1), np.uint8)
    wide[:, 40:] = 200
    fitted = fit_picture(wide, run)
    assert fitted.shape == (16, 16, 3)
    assert fitted[8, 2].tolist() == [0, 0, 0]
    assert fitted[8, 13].tolist() == [200, 200, 200]


def test_some_pictures_of_a_run_are_those_it_was_trained_on(run: Path, pictures: Path) -> None:
    found = example_pictures(run, 4)
    assert found.shape == (4, 16, 16, 3)
    own = [load_picture(path, run) for path in sorted(pictures.iterdir())]
    assert all(any(np.array_equal(picture, mine) for mine in own) for picture in found)


def test_a_failing_row_ends_the_series(run: Path, models: ModelStore) -> None:
    requests = [ShareRequest(run=run, t=t, count=1) for t in (4, 400)]
    with pytest.raises(StudioError, match="0 to 20"):
        finish(share_series(requests, None, models))
