"""Samplers by name: each draws from a real run, reproducibly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.engine.samplers import SAMPLERS
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, redraw, sample, share, train
from ddpm_studio.jobs.drawing.drawing import evaluator_for
from ddpm_studio.jobs.drawing.recipes import restored
from ddpm_studio.jobs.events import FrameImages
from ddpm_studio.jobs.machine.device import choose_precision
from ddpm_studio.requests import PrepareOptions, SampleRequest, ShareRequest
from tests.jobs.conftest import REQUEST, finish

# The samplers that work with any model.
_SAMPLERS = [name for name, info in SAMPLERS.items() if not info.few_step]


@pytest.fixture(scope="module")
def models() -> ModelStore:
    return ModelStore()


@pytest.fixture(scope="session")
def class_run(tmp_path_factory: pytest.TempPathFactory, class_folder: Path) -> Path:
    """A class-conditional run with the classes dark and bright."""
    folder = tmp_path_factory.mktemp("class-runs") / "classes"
    request = REQUEST.model_copy(
        update={
            "class_conditional": True,
            # x_T must keep nothing of the picture, or its brightness would count, not the class.
            "schedule": "cosine",
            "timesteps": 100,
            "steps": 120,
            "batch_size": 6,
            "learning_rate": 1e-3,
            "warmup_steps": 0,
            "dropout": 0.0,
            "sample_count": 0,
        }
    )
    finish(train([class_folder], folder, request, PrepareOptions()))
    return folder


def test_requests_name_the_samplers_of_the_engine() -> None:
    choices = choices_of(SampleRequest.model_fields["sampler"])
    assert tuple(choice.value for choice in choices) == tuple(SAMPLERS)


@pytest.mark.parametrize("name", _SAMPLERS)
def test_each_sampler_draws_and_repeats_itself(run: Path, models: ModelStore, name: str) -> None:
    request = SampleRequest.model_validate(
        {"run": run, "count": 2, "sampler": name, "steps": 6, "frames": 4, "seed": 2}
    )
    events, drawn = finish(sample(request, models))
    frames = [event for event in events if isinstance(event, FrameImages)]
    assert (frames[0].t, frames[-1].t) == (20, 0)
    assert np.array_equal(frames[-1].x_t, drawn.pictures)
    assert np.array_equal(finish(sample(request, models))[1].pictures, drawn.pictures)
    asked = request.model_dump(mode="json") | {
        "precision": choose_precision("auto", torch.device("cpu"))
    }
    assert drawn.recipe["request"] == asked


@pytest.mark.parametrize("name", [n for n in _SAMPLERS if not SAMPLERS[n].deterministic])
def test_what_draws_noise_shares_a_latent(run: Path, models: ModelStore, name: str) -> None:
    request = ShareRequest.model_validate(
        {"run": run, "count": 3, "sampler": name, "steps": 10, "t": 12}
    )
    pictures = finish(share(request, None, models))[1].pictures
    assert pictures.shape == (3, 16, 16, 3)
    assert not np.array_equal(pictures[0], pictures[1])


def test_a_class_is_followed(class_run: Path, models: ModelStore) -> None:
    def level(class_label: int, guidance: float) -> float:
        request = SampleRequest(
            run=class_run,
            count=4,
            sampler="ddim",
            steps=20,
            class_label=class_label,
            guidance=guidance,
            weights="raw",
        )
        pictures = finish(sample(request, models))[1].pictures
        return float(pictures.mean())

    # Class names are sorted: 0 is bright, 1 is dark.
    assert level(0, 1.0) > level(1, 1.0)
    assert level(0, 3.0) - level(1, 3.0) > level(0, 1.0) - level(1, 1.0)


def test_guidance_is_rescaled(class_run: Path, models: ModelStore) -> None:
    def predicted(part: float) -> torch.Tensor:
        request = SampleRequest(
            run=class_run, class_label=1, guidance=5.0, guidance_rescale=part, device="cpu"
        )
        return evaluator_for(models.for_drawing(class_run, request), request)(x, t)

    x = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    t = torch.tensor([40, 40])
    plain = predicted(0.0)
    alone = evaluator_for(
        models.get(class_run, "ema", "cpu"), SampleRequest(run=class_run, class_label=1)
    )(x, t)
    for part in (0.4, 1.0):
        shrunk = alone.flatten(1).std(1) / plain.flatten(1).std(1)
        factor = (part * shrunk + 1 - part)[:, None, None, None]
        torch.testing.assert_close(predicted(part), plain * factor)


def test_a_rescaled_drawing_is_drawn_again(class_run: Path, models: ModelStore) -> None:
    request = SampleRequest(run=class_run, count=1, steps=3, class_label=1, guidance=3.0)
    rescaled = request.model_copy(update={"guidance_rescale": 0.7})
    drawn, plain = (finish(sample(one, models))[1] for one in (rescaled, request))
    assert not np.array_equal(drawn.pictures, plain.pictures)
    assert "guidance_rescale" not in plain.recipe["request"]
    found = restored(drawn.recipe, class_run / "a.png")
    assert found is not None
    assert np.array_equal(finish(redraw(found, models))[1].pictures, drawn.pictures)


@pytest.mark.parametrize(
    "fields",
    [{"class_label": 1, "guidance": 0}, {"class_label": 1, "guidance": 1}, {"class_label": None}],
)
def test_rescaling_goes_with_guidance(
    class_run: Path, models: ModelStore, fields: dict[str, object]
) -> None:
    request = SampleRequest.model_validate({"run": class_run, "guidance_rescale": 0.5, **fields})
    with pytest.raises(StudioError, match="goes with a guidance other than 0 and 1"):
        finish(sample(request, models))


def test_rescaling_goes_with_the_guidance_that_the_run_draws_by(
    class_run: Path, models: ModelStore
) -> None:
    asked = {"run": class_run, "count": 1, "steps": 3, "class_label": 1, "guidance_rescale": 0.7}
    _, drawn = finish(sample(SampleRequest.model_validate(asked), models))
    told = drawn.recipe["request"]
    assert told["guidance"] > 1
    named = SampleRequest.model_validate({**asked, "guidance": told["guidance"]})
    assert np.array_equal(finish(sample(named, models))[1].pictures, drawn.pictures)
    plain = named.model_copy(update={"guidance_rescale": 0.0})
    assert not np.array_equal(finish(sample(plain, models))[1].pictures, drawn.pictures)


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"class_label": 2}, "0 bright, 1 dark"),
        ({"class_label": None, "guidance": 2.0}, "needs a class"),
    ],
)
def test_a_class_that_is_not_there(
    class_run: Path, models: ModelStore, fields: dict[str, object], match: str
) -> None:
    request = SampleRequest.model_validate({"run": class_run, "count": 1, **fields})
    with pytest.raises(StudioError, match=match):
        finish(sample(request, models))


def test_classes_need_labels(pictures: Path, tmp_path: Path) -> None:
    request = REQUEST.model_copy(update={"class_conditional": True})
    with pytest.raises(StudioError, match="no labels"):
        finish(train([pictures], tmp_path / "run", request, PrepareOptions()))
