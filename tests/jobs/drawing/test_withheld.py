"""Models without a null class: unconditional drawing and guidance are refused, not imitated."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.export import save_png
from ddpm_studio.jobs import (
    ModelStore,
    bound_parts,
    decode,
    describe_run,
    encode_picture,
    export_diffusers,
    import_model,
    inpaint,
    interpolate,
    load_labelled_picture,
    load_latent,
    measure_bits,
    sample,
    save_latent,
    share,
    step_gaussians,
    train,
)
from ddpm_studio.jobs.drawing.python_cell import python_cell
from ddpm_studio.jobs.drawing.recipes import read_parsed_recipe
from ddpm_studio.jobs.events import Notice
from ddpm_studio.jobs.teaching.algorithms import sampling_steps, training_step
from ddpm_studio.jobs.teaching.drawing import result_rows, reverse_rows, step_rows
from ddpm_studio.jobs.teaching.estimating import bound_estimates, predictions
from ddpm_studio.requests import (
    BitsRequest,
    DecodeRequest,
    EncodeRequest,
    ImportRequest,
    InpaintRequest,
    InterpolateRequest,
    PictureMeasureRequest,
    PrepareOptions,
    SampleRequest,
    ShareRequest,
)
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish

CLASSES = REQUEST.model_copy(update={"class_conditional": True, "steps": 2})
PICTURE = np.zeros((16, 16, 1), np.uint8)
NONE = 'no "no class"'


@pytest.fixture(scope="module")
def trained(class_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("withheld") / "classes"
    finish(train([class_folder], run, CLASSES, PrepareOptions()))
    return run


@pytest.fixture(scope="module")
def foreign(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model imported as from another program, with three classes and no null class."""
    folder = tmp_path_factory.mktemp("foreign")
    finish(export_diffusers(trained, folder / "pipe"))
    (folder / "pipe" / "ddpm_studio.json").unlink()
    finish(import_model(folder / "pipe", folder / "run"))
    return folder / "run"


def test_guidance_is_refused_by_every_tool(foreign: Path) -> None:
    models = ModelStore()
    asked = {"run": foreign, "count": 1, "steps": 2, "class_label": 1, "guidance": 2.0}
    mixing = {key: value for key, value in asked.items() if key != "count"}
    for job in (
        sample(SampleRequest(**asked), models),
        sample(SampleRequest(**{**asked, "guidance": 0.0}), models),
        share(ShareRequest(**asked, t=5), PICTURE, models),
        interpolate(InterpolateRequest(**mixing, t=5), [PICTURE, PICTURE], models),
        inpaint(InpaintRequest(**asked, resamplings=1), PICTURE, np.ones((16, 16), bool), models),
    ):
        with pytest.raises(StudioError, match=NONE):
            finish(job)
    _, drawn = finish(sample(SampleRequest(**{**asked, "guidance": 1.0}), models))
    assert drawn.pictures.shape == (1, 16, 16, 1)


def test_without_a_class_it_is_not_asked(foreign: Path) -> None:
    models = ModelStore()
    ddim = EncodeRequest(run=foreign, method="ddim", steps=2)
    jobs: list[tuple[Generator[Any, None, Any], str]] = [
        (sample(SampleRequest(run=foreign, count=1, steps=2), models), "Choose a class, 0 to 2"),
        (encode_picture(ddim, PICTURE, models), "Choose a class, 0 to 2"),
        (decode(DecodeRequest(run=foreign), PICTURE, models), "Choose a class, 0 to 2"),
    ]
    for job, remedy in jobs:
        with pytest.raises(StudioError, match="trained on classes alone") as told:
            finish(job)
        assert remedy in told.value.remedy
    summary = describe_run(foreign)
    assert (summary.needs_class, summary.guidable) == (True, False)


def test_a_latent_is_found_by_class(foreign: Path, tmp_path: Path) -> None:
    models, file = ModelStore(), tmp_path / "a.safetensors"
    ddim = {"run": foreign, "steps": 20, "class_label": 1, "device": "cpu"}
    drawing = {**ddim, "sampler": "ddim", "count": 1, "clip_x0": False}
    picture = finish(sample(SampleRequest(**drawing, seed=2), models))[1].pictures[0]
    asked = EncodeRequest(**ddim, method="ddim", iterations=8)
    _, latent = finish(encode_picture(asked, picture, models))
    save_latent(file, latent)
    again = load_latent(file)
    assert (again.exact, again.class_label) == (True, 1)
    events, drawn = finish(share(ShareRequest(**drawing, t=20), None, models, again))
    assert np.abs(drawn.pictures[0].astype(int) - picture).max() <= 2
    assert not any(isinstance(event, Notice) for event in events)
    save_latent(file, drawn.shared)
    assert load_latent(file).class_label == 1
    save_png(tmp_path / "a.png", drawn.pictures[:1], drawn.recipe)
    restored = read_parsed_recipe(tmp_path / "a.png")
    assert restored is not None
    assert restored.latent is not None
    assert restored.latent.class_label == 1
    assert ", True, 1)" in python_cell(drawn.recipe)
    others = ShareRequest(**{**drawing, "class_label": 0}, t=20)
    assert "draw by the class 1 to come back" in notice(share(others, None, models, again))
    asked = asked.model_copy(update={"class_label": 0})
    assert not np.array_equal(finish(encode_picture(asked, picture, models))[1].x_t, latent.x_t)
    with pytest.raises(StudioError, match="There is no class 3"):
        finish(encode_picture(asked.model_copy(update={"class_label": 3}), picture, models))


def test_the_way_back_from_a_latent_is_told(trained: Path) -> None:
    models = ModelStore()
    asked = EncodeRequest(run=trained, method="ddim", steps=2, device="cpu")
    drawing = {"run": trained, "sampler": "ddim", "steps": 2, "count": 1, "device": "cpu"}
    guided = ShareRequest(**drawing, t=20, class_label=0, guidance=2)
    for label, how in (
        (None, "draw without a class, without clipping x̂₀ to come back to its picture"),
        (1, "draw by the class dark, at guidance 1, without clipping x̂₀ to come back"),
    ):
        request = asked.model_copy(update={"class_label": label})
        _, latent = finish(encode_picture(request, PICTURE, models))
        assert how in notice(share(guided, None, models, latent))


def notice(job: Generator[Any, None, Any]) -> str:
    (told,) = (event.text for event in finish(job)[0] if isinstance(event, Notice))
    return str(told)


def test_what_is_shown_of_it_to_learn_is_of_a_class(foreign: Path) -> None:
    models, request = ModelStore(), SampleRequest(run=foreign, steps=2)
    of_one = SampleRequest(run=foreign, steps=2, class_label=0)
    for rows in (
        lambda asked: result_rows(asked, 5, models),
        lambda asked: reverse_rows(asked, models),
        lambda asked: step_rows(asked, [1, 2], models),
    ):
        drawn, same = (finish(rows(asked))[1].rows for asked in (request, of_one))
        assert all(np.array_equal(drawn[name], same[name]) for name in same)
    _, steps = finish(sampling_steps(request, models))
    _, steps_of_one = finish(sampling_steps(of_one, models))
    assert np.array_equal(steps[-1].x_before, steps_of_one[-1].x_before)


def test_one_picture_is_measured_by_its_class(class_folder: Path, tmp_path: Path) -> None:
    run, models = tmp_path / "run", ModelStore()
    request = CLASSES.model_copy(update={"label_dropout": 0.0, "steps": 4})
    finish(train([class_folder], run, request, PrepareOptions()))
    # Of a set, each picture's class has always been known; this is its first picture.
    _, whole = finish(measure_bits(BitsRequest(run=run, count=1), [class_folder], models))
    taken = load_labelled_picture(class_folder / "bright" / "0.png", run)
    assert taken.class_name == "bright"
    totals = []
    for label in (0, 1):
        asked = PictureMeasureRequest(run=run, class_label=label)
        decoded = finish(decode(DecodeRequest(**asked.model_dump()), taken.picture, models))[1]
        parts = finish(bound_parts(asked, taken.picture, models))[1]
        assert parts.prior + parts.middle + parts.decoder == pytest.approx(decoded.total)
        totals.append(decoded.total)
    assert totals[0] == pytest.approx(whole.total, rel=1e-5)
    assert totals[0] != totals[1]


def test_what_is_measured_to_learn_is_of_a_class(foreign: Path) -> None:
    models = ModelStore()

    def answers(label: int | None) -> list[np.ndarray]:
        asked = PictureMeasureRequest(run=foreign, class_label=label)
        _, estimates = finish(bound_estimates(asked, PICTURE, models, chains=2, steps=3))
        return [
            estimates.by_divergences,
            step_gaussians(asked, PICTURE, 5, models).p_mean,
            predictions(asked, PICTURE, 5, models).prediction["eps"],
            training_step(asked, PICTURE, 1, models).prediction,
        ]

    for answer in answers(1):
        assert np.isfinite(answer).all()
    with pytest.raises(StudioError, match="trained on classes alone"):
        answers(None)
    with pytest.raises(StudioError, match="There is no class 3"):
        answers(3)


def test_the_last_class_may_be_the_none(trained: Path, tmp_path: Path) -> None:
    finish(export_diffusers(trained, tmp_path / "pipe"))
    (tmp_path / "pipe" / "ddpm_studio.json").unlink()
    finish(import_model(tmp_path / "pipe", tmp_path / "run", ImportRequest(null_class=True)))
    request = SampleRequest(run=tmp_path / "run", count=1, steps=2, class_label=1, guidance=2)
    drawn = [
        finish(sample(request.model_copy(update={"run": run}), ModelStore()))[1].pictures
        for run in (tmp_path / "run", trained)
    ]
    assert np.array_equal(*drawn)


def test_trained_here_without_dropping_labels(
    class_folder: Path, foreign: Path, tmp_path: Path
) -> None:
    request = CLASSES.model_copy(update={"label_dropout": 0.0})
    finish(train([class_folder], tmp_path / "run", request, PrepareOptions()))
    run = tmp_path / "run"
    summary = describe_run(run)
    assert (summary.needs_class, summary.guidable, summary.guidance) == (True, False, 1.0)
    asked = SampleRequest(run=run, count=1, steps=2, class_label=0, guidance=3)
    with pytest.raises(StudioError, match=NONE):
        finish(sample(asked, ModelStore()))
    # By default all classes in turn.
    plain = SampleRequest(run=run, count=2, steps=2)
    _, drawn = finish(sample(plain, ModelStore()))
    turned = {"all_classes": True, "guidance": 1.0}
    _, same = finish(sample(plain.model_copy(update=turned), ModelStore()))
    assert np.array_equal(drawn.pictures, same.pictures)
    # As written by an earlier version, which drew with an untrained null embedding.
    told = RunFolder.open(run).info.model_copy(update={"null_label": True, "drawing": None})
    (run / "run.json").write_text(told.model_dump_json())
    with pytest.raises(StudioError, match="trained on classes alone"):
        finish(sample(plain, ModelStore()))
    assert describe_run(run).needs_class
    finish(train([], run, request.model_copy(update={"steps": 3}), PrepareOptions(), resume=True))
    # Fine-tuned without label dropout, it still has no null class.
    finish(train([class_folder], tmp_path / "on", request, PrepareOptions(), start_from=run))
    assert describe_run(tmp_path / "on").needs_class


def test_a_run_keeps_what_was_answered(foreign: Path) -> None:
    info = RunFolder.open(foreign).info
    assert info.imported == {"format": "diffusers", "null_class": False}
    assert not info.null_label
