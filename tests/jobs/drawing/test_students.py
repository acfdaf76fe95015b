"""Few-step students in the drawing tools: their own sampler, and the requests they refuse."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.export.pictures import save_png
from ddpm_studio.jobs import (
    ModelStore,
    decode,
    distill,
    encode_picture,
    evaluate,
    export_diffusers,
    inpaint,
    interpolate,
    interpolate_path,
    measure_bits,
    sample,
    share,
)
from ddpm_studio.jobs.drawing.python_cell import python_cell
from ddpm_studio.jobs.drawing.recipes import read_parsed_recipe
from ddpm_studio.jobs.drawing.redrawing import redraw
from ddpm_studio.jobs.events import FrameImages
from ddpm_studio.jobs.request_building import OptionError, build_request
from ddpm_studio.requests import (
    BitsRequest,
    DecodeRequest,
    DistillRequest,
    EncodeRequest,
    EvaluateRequest,
    InpaintRequest,
    InterpolateRequest,
    PathRequest,
    Request,
    SampleRequest,
    ShareRequest,
)
from tests.jobs.conftest import finish

CPU = {"device": "cpu", "precision": "float32"}


@pytest.fixture(scope="module")
def student(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("students") / "few"
    finish(
        distill(
            DistillRequest(run=run, steps=3, batch_size=4, sample_count=0, device="cpu"), folder
        )
    )
    return folder


@pytest.fixture
def ends(pictures: Path) -> list[np.ndarray]:
    return [np.asarray(Image.open(pictures / f"{k}.png")) for k in (0, 9)]


def test_it_draws_in_its_own_steps_unless_others_are_named(student: Path) -> None:
    events, drawn = finish(
        sample(SampleRequest(run=student, count=2, frames=9, **CPU), ModelStore())
    )
    frames = [event for event in events if isinstance(event, FrameImages)]
    assert [frame.t for frame in frames][::2] == [20, 0]
    assert len(frames) == 3
    request = drawn.recipe["request"]
    assert isinstance(request, dict)
    assert (request["sampler"], request["steps"]) == ("consistency", 2)
    named = SampleRequest(run=student, count=2, sampler="consistency", steps=2, **CPU)
    np.testing.assert_array_equal(finish(sample(named, ModelStore()))[1].pictures, drawn.pictures)
    one = named.model_copy(update={"steps": 1})
    assert not np.array_equal(finish(sample(one, ModelStore()))[1].pictures, drawn.pictures)


def test_more_steps_than_timesteps_are_refused(student: Path) -> None:
    asked = SampleRequest(run=student, count=1, sampler="consistency", steps=21, **CPU)
    with pytest.raises(StudioError, match="21 steps are more than the 20 timesteps"):
        finish(sample(asked, ModelStore()))


def test_all_tools_take_its_sampler(student: Path, ends: list[np.ndarray]) -> None:
    models = ModelStore()
    mask = np.zeros((16, 16), bool)
    mask[:8] = True
    _, mixed = finish(
        interpolate(InterpolateRequest(run=student, t=10, steps_lambda=3, **CPU), ends, models)
    )
    _, walked = finish(
        interpolate_path(PathRequest(run=student, t=10, steps_lambda=3, **CPU), ends, models)
    )
    np.testing.assert_array_equal(mixed.pictures, walked.pictures)
    _, shared = finish(share(ShareRequest(run=student, t=10, count=3, **CPU), ends[0], models))
    # Two steps from any t, so the pictures differ.
    assert not np.array_equal(shared.pictures[0], shared.pictures[1])
    _, own = finish(share(ShareRequest(run=student, t=10, count=2, **CPU), None, models))
    assert own.shared is not None
    assert own.shared.t == 10
    _, filled = finish(inpaint(InpaintRequest(run=student, count=2, **CPU), ends[0], mask, models))
    np.testing.assert_array_equal(filled.pictures[:, 8:], np.stack([ends[0][8:]] * 2))
    assert not np.array_equal(filled.pictures[0], filled.pictures[1])


def test_it_is_evaluated_by_its_own_sampler(student: Path, pictures: Path) -> None:
    asked = EvaluateRequest(run=student, count=4, features="pixels", metric="kid", **CPU)
    _, found = finish(evaluate(asked, [pictures], ModelStore()))
    request = found.recipe["request"]
    assert isinstance(request, dict)
    assert (request["sampler"], request["steps"]) == ("consistency", 2)


def test_a_drawing_is_drawn_again(student: Path, tmp_path: Path) -> None:
    _, drawn = finish(sample(SampleRequest(run=student, count=1, **CPU), ModelStore()))
    save_png(tmp_path / "a.png", drawn.pictures, drawn.recipe)
    found = read_parsed_recipe(tmp_path / "a.png")
    assert found is not None
    _, again = finish(redraw(found, ModelStore()))
    np.testing.assert_array_equal(again.pictures, drawn.pictures)


def test_other_samplers_and_other_models_are_refused(student: Path, run: Path) -> None:
    with pytest.raises(StudioError, match="a few-step student, does not have any more") as caught:
        finish(sample(SampleRequest(run=student, sampler="ddim", **CPU), ModelStore()))
    assert "Choose consistency." in str(caught.value)
    with pytest.raises(StudioError, match="is for few-step students, which bars is not"):
        finish(sample(SampleRequest(run=run, sampler="consistency", **CPU), ModelStore()))
    with pytest.raises(StudioError, match="in one step draws the same picture each time"):
        finish(share(ShareRequest(run=student, t=9, count=2, steps=1, **CPU), None, ModelStore()))


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        (SampleRequest, {"variance": "fixed_small"}),
        (EvaluateRequest, {"variance": "fixed_small", "sampler": "ddpm"}),
        (InpaintRequest, {"variance": "fixed_small"}),
        (InpaintRequest, {"jump": 30}),
    ],
)
def test_settings_of_ancestral_steps_are_refused(
    student: Path, kind: type[Request], named: dict[str, object]
) -> None:
    (name, *_) = named
    with pytest.raises(OptionError, match=f"^{name}: a few-step student does not heed it"):
        build_request(kind, named, run=student)


def test_settings_of_ancestral_steps_in_a_recipe_change_nothing(
    student: Path, ends: list[np.ndarray]
) -> None:
    models, mask = ModelStore(), np.ones((16, 16), bool)
    usual = InpaintRequest(run=student, count=1, **CPU)
    recorded = usual.model_copy(update={"variance": "fixed_small", "jump": 30})
    drawn = [finish(inpaint(request, ends[0], mask, models))[1] for request in (usual, recorded)]
    np.testing.assert_array_equal(*(result.pictures for result in drawn))
    # Else the drawing would not be recognised as that of the recipe.
    assert [result.recipe["request"]["variance"] for result in drawn] == [
        "fixed_large",
        "fixed_small",
    ]
    # Python refuses them.
    assert not {"variance", "jump"} & set(re.findall(r"(\w+)=", python_cell(drawn[1].recipe)))


def test_what_needs_each_step_is_refused_and_says_why(
    student: Path, run: Path, ends: list[np.ndarray], tmp_path: Path
) -> None:
    models = ModelStore()
    jobs = [
        measure_bits(BitsRequest(run=student, count=1, device="cpu"), [], models),
        decode(DecodeRequest(run=student, device="cpu"), ends[0], models),
        encode_picture(EncodeRequest(run=student, method="ddim", device="cpu"), ends[0], models),
        export_diffusers(student, tmp_path / "out"),
    ]
    for job in jobs:
        with pytest.raises(StudioError, match="few is a few-step student") as caught:
            finish(job)
        assert str(run.resolve()) in str(caught.value)
    # Encoding by q works as for any run.
    _, latent = finish(encode_picture(EncodeRequest(run=student, device="cpu"), ends[0], models))
    assert latent.t == 20
