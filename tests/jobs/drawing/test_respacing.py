"""Timestep respacing in OpenAI's notation, from a request to the pictures and their recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from ddpm_studio.engine.samplers import SAMPLERS
from ddpm_studio.engine.samplers.grid import space_timesteps
from ddpm_studio.errors import StudioError
from ddpm_studio.export import save_png
from ddpm_studio.jobs import ModelStore, redraw, sample, share
from ddpm_studio.jobs.drawing.drawing import respaced_timesteps
from ddpm_studio.jobs.drawing.recipes import read_parsed_recipe
from ddpm_studio.jobs.events import DrawingResult, FrameImages
from ddpm_studio.requests import SampleRequest, SamplerRequest, ShareRequest
from tests.jobs.conftest import finish


@pytest.fixture(scope="module")
def models() -> ModelStore:
    return ModelStore()


def asked(run: Path, respacing: str, **fields: Any) -> SampleRequest:
    return SampleRequest(
        run=run, count=1, frames=50, device="cpu", respacing=respacing, seed=2, **fields
    )


def drawn(request: SampleRequest, models: ModelStore) -> tuple[list[int], DrawingResult]:
    """Run a sampling job; return the t of all frames, and the result."""
    events, result = finish(sample(request, models))
    return [event.t for event in events if isinstance(event, FrameImages)], result


@pytest.mark.parametrize("text", ["ddim5", "ddim7", "3,2,1", "10"])
@pytest.mark.parametrize("sampler", ["ddpm", "dpm++2m"])
def test_from_noise_the_set_is_openais(
    run: Path, models: ModelStore, text: str, sampler: str
) -> None:
    """Sampling from noise visits OpenAI's subset of the timesteps (T = 20)."""
    frames, _ = drawn(asked(run, text, sampler=sampler), models)
    assert frames == [*reversed((space_timesteps(20, text) + 1).tolist()), 0]


@pytest.mark.parametrize("name", [n for n, info in SAMPLERS.items() if not info.few_step])
def test_every_sampler_walks_it(run: Path, models: ModelStore, name: str) -> None:
    frames, result = drawn(asked(run, "ddim5", sampler=name), models)
    assert (frames[0], frames[-1]) == (17, 0)
    assert result.pictures.shape == (1, 16, 16, 3)


def test_its_recipe_draws_it_again(run: Path, models: ModelStore, tmp_path: Path) -> None:
    frames, result = drawn(asked(run, "2,3", sampler="ddim"), models)
    told: Any = result.recipe["request"]
    assert (told["respacing"], told["steps"]) == ("2,3", None)
    save_png(tmp_path / "a.png", result.pictures, result.recipe)
    found = read_parsed_recipe(tmp_path / "a.png")
    assert found is not None
    events, again = finish(redraw(found.with_frames(50), models))
    assert np.array_equal(again.pictures, result.pictures)
    assert [event.t for event in events if isinstance(event, FrameImages)] == frames
    plain = sample(SampleRequest(run=run, count=1, steps=5, sampler="ddim", seed=2), models)
    assert "respacing" not in finish(plain)[1].recipe["request"]


@pytest.mark.parametrize(("t", "first"), [(20, 17), (18, 18), (9, 9), (1, 1)])
def test_from_a_latent_at_t(run: Path, models: ModelStore, t: int, first: int) -> None:
    """From x_t: t itself and the subset's timesteps below; from T, the subset's timesteps alone."""
    request = ShareRequest(run=run, count=2, frames=50, device="cpu", respacing="ddim5", t=t)
    events, result = finish(share(request, np.zeros((16, 16, 3), np.uint8), models))
    frames = [event.t for event in events if isinstance(event, FrameImages)]
    below = [one for one in (17, 13, 9, 5, 1) if one < first]
    assert frames == [first, *below, 0]
    assert result.pictures.shape == (2, 16, 16, 3)


@pytest.mark.parametrize("t", [20, 19, 10, 1])
def test_a_latent_found_on_the_way_from_noise(run: Path, models: ModelStore, t: int) -> None:
    """The reverse process from T visits t, even if all timesteps of the subset are below it."""
    request = ShareRequest(run=run, count=2, device="cpu", respacing="ddim5", t=t)
    result = finish(share(request, None, models))[1]
    assert result.shared.x_t.shape == (1, 3, 16, 16)


def test_which_timesteps() -> None:
    assert respaced_timesteps("ddim5", 20, 20).tolist() == [0, 4, 8, 12, 16]
    assert respaced_timesteps("ddim5", 20, 20, through=19).tolist() == [0, 4, 8, 12, 16, 18]
    assert respaced_timesteps("ddim5", 20, 12).tolist() == [0, 4, 8, 11]
    assert respaced_timesteps("ddim5", 20, 12, through=6).tolist() == [0, 4, 5, 8, 11]
    assert respaced_timesteps("ddim5", 20, 1).tolist() == [0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"respacing": "ddim"}, 'such as "10,15,20", or "ddim50"'),
        ({"respacing": ""}, 'such as "10,15,20", or "ddim50"'),
        ({"respacing": "0,0"}, "keeps no timestep"),
        ({"respacing": "10", "steps": 10}, "give steps or a respacing, not both"),
        ({"respacing": "ddim" + "9" * 5000}, "at most 200 characters"),
        ({"respacing": "9" * 150}, 'such as "10,15,20"'),
    ],
)
def test_what_is_refused_where_it_enters(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SamplerRequest.model_validate(fields)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ddim11", "No whole stride keeps 11 of 20 timesteps; 10"),
        ("21", "Section 1 of 1 has 20 of the timesteps, not 21 to keep"),
        ("1,11", "Section 2 of 2 has 10 of the timesteps, not 11 to keep"),
    ],
)
def test_what_t_has_no_room_for(run: Path, models: ModelStore, text: str, message: str) -> None:
    with pytest.raises(StudioError, match=message):
        finish(sample(asked(run, text), models))
