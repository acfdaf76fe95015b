"""Events of a drawing: finished batches and the recipe, so that a cancelled one can be kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.jobs import ModelStore, interpolate, load_picture, sample, share
from ddpm_studio.jobs.drawing import rank_drawing
from ddpm_studio.jobs.drawing.recipes import restored
from ddpm_studio.jobs.events import BatchDrawn, DrawingStarted, FrameImages
from ddpm_studio.requests import InterpolateRequest, SampleRequest, ShareRequest
from tests.jobs.conftest import finish


@pytest.fixture(scope="module")
def models() -> ModelStore:
    return ModelStore()


def test_batches_come_as_they_are_finished_and_are_those_of_the_whole(
    run: Path, models: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rank_drawing, "batch_limit", lambda *_: 2)
    request = SampleRequest(run=run, count=5, steps=4)
    _, quiet = finish(sample(request, models))
    events, drawn = finish(sample(request, models, batch_frames=3))
    assert np.array_equal(drawn.pictures, quiet.pictures), "looking on changes nothing"
    batches = [event.pictures for event in events if isinstance(event, BatchDrawn)]
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert np.array_equal(np.concatenate(batches), drawn.pictures)
    batch_frames = [event for event in events if isinstance(event, FrameImages)]
    assert [len(moment.x0_hat) for moment in batch_frames] == 3 * [2] + 3 * [2] + 3 * [1]
    (begun,) = [event for event in events if isinstance(event, DrawingStarted)]
    assert begun.recipe == drawn.recipe


def test_every_tool_tells_at_the_beginning_how_it_can_be_drawn_again(
    run: Path, models: ModelStore, pictures: Path
) -> None:
    picture = load_picture(pictures / "0.png", run)
    jobs = [
        sample(SampleRequest(run=run, count=2, steps=2, frames=2), models),
        share(ShareRequest(run=run, t=10, count=2, steps=2, frames=2), picture, models),
        interpolate(
            InterpolateRequest(run=run, t=10, steps_lambda=3, frames=2), [picture] * 2, models
        ),
    ]
    for job in jobs:
        events, drawn = finish(job)
        first = next(k for k, one in enumerate(events) if isinstance(one, DrawingStarted))
        assert not any(isinstance(one, FrameImages) for one in events[:first])
        begun = events[first]
        assert begun.recipe == drawn.recipe
        found = restored({**begun.recipe, "moment": 7}, Path("kept.png"))
        assert found is not None
        assert found.moment == 7
