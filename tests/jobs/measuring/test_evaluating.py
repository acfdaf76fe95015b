"""Evaluation of runs and of files: metrics, their floors, notices, and the record in the run."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, evaluate, evaluate_files, sample, train
from ddpm_studio.jobs.events import EvaluationResult, Notice, Progress
from ddpm_studio.metrics.features import classifier
from ddpm_studio.paths import cache_dir
from ddpm_studio.requests import (
    CompareRequest,
    EvaluateRequest,
    PrepareOptions,
    SampleRequest,
    TrainRequest,
)
from ddpm_studio.runs import evaluations
from tests import narrow
from tests.jobs.conftest import REQUEST, finish

FAST: dict[str, Any] = {"count": 4, "steps": 2, "device": "cpu"}


@pytest.fixture(autouse=True)
def _quick_classifier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "_MAX_PICTURES_SEEN", 600)


@pytest.fixture
def own_run(run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(run, tmp_path / "run"))


@pytest.fixture
def class_run(class_folder: Path, tmp_path: Path) -> Path:
    run = tmp_path / "run"
    request = TrainRequest(
        steps=1, batch_size=4, timesteps=20, sample_count=0, device="cpu", class_conditional=True
    )
    with narrow.network():
        finish(train([class_folder], run, request, PrepareOptions()))
    return run


def named(result: EvaluationResult) -> dict[str, float]:
    return {one.name: one.value for one in result.figures}


def write(folder: Path, pictures: np.ndarray) -> Path:
    folder.mkdir(parents=True)
    for k, picture in enumerate(pictures):
        Image.fromarray(picture.squeeze()).save(folder / f"{k:03}.png")
    return folder


def test_a_run_is_evaluated_and_the_figures_are_noted_in_it(own_run: Path) -> None:
    events, result = finish(evaluate(EvaluateRequest(run=own_run, **FAST), [], ModelStore()))
    assert (result.step, result.samples, result.reference, result.floor) == (4, 4, 6, 4)
    assert result.features == "9 principal components of 768 values of the pixels"
    figures = named(result)
    assert set(figures) >= {"frechet", "kid", "precision", "recall", "sliced", "copies"}
    assert "confident" not in figures
    floors = {one.name: one.floor for one in result.figures}
    assert 0 < floors["frechet"] < figures["frechet"]
    # Four samples do not have five neighbours each.
    told = [event.text for event in events if isinstance(event, Notice)]
    assert any(text.startswith("Density and coverage can't be told") for text in told)
    texts = {event.text for event in events if isinstance(event, Progress)}
    assert {"Sampling", "Computing features of the samples", "KID", "KID, floor"} <= texts
    [noted] = evaluations.read(own_run)
    assert noted.step == 4
    assert noted.figures == figures
    assert noted.floors == {name: floor for name, floor in floors.items() if floor is not None}
    assert noted.told["recipe"]["request"]["sampler"] == "dpm++2m-sde"


def test_figures_that_can_not_be_kept_are_returned_all_the_same(own_run: Path) -> None:
    (own_run / "evaluations.jsonl").mkdir()
    asked = EvaluateRequest(run=own_run, metric="frechet", **FAST)
    events, result = finish(evaluate(asked, [], ModelStore()))
    assert named(result).keys() == {"frechet"}
    told = [event.text for event in events if isinstance(event, Notice)]
    assert any(text.startswith("The figures can't be kept in run: ") for text in told)


def test_the_samples_are_those_that_the_sampler_draws(own_run: Path, tmp_path: Path) -> None:
    asked = EvaluateRequest(run=own_run, metric="frechet", sampler="ddim", **FAST)
    ours = finish(evaluate(asked, [], ModelStore()))[1]
    drawn = finish(sample(SampleRequest(run=own_run, sampler="ddim", **FAST), ModelStore()))[1]
    folder = write(tmp_path / "samples", drawn.pictures)
    bars = tmp_path / "bars"
    from ddpm_studio.runs import RunFolder

    data = RunFolder.open(own_run).info.data
    assert data is not None
    shutil.copytree(data.sources[0], bars)
    compared = CompareRequest(count=4, metric="frechet")
    theirs = finish(evaluate_files(compared, [folder], [bars], PrepareOptions()))[1]
    assert [one.name for one in ours.figures] == ["frechet"]
    assert theirs.figures == ours.figures
    assert theirs.step is None


def test_equal_requests_give_equal_figures_and_other_seeds_others(own_run: Path) -> None:
    first = finish(evaluate(EvaluateRequest(run=own_run, **FAST), [], ModelStore()))[1]
    again = finish(evaluate(EvaluateRequest(run=own_run, **FAST), [], ModelStore()))[1]
    assert again == first
    other = finish(evaluate(EvaluateRequest(run=own_run, seed=1, **FAST), [], ModelStore()))[1]
    assert named(other)["frechet"] != named(first)["frechet"]


def test_classes_are_drawn_as_often_as_the_pictures_have_them(
    class_folder: Path, class_run: Path
) -> None:
    run = class_run
    asked = EvaluateRequest(run=run, features="classifier", metric="classes", **FAST)
    result = finish(evaluate(asked, [], ModelStore()))[1]
    assert result.features == "64 features of a classifier of the set"
    figures = named(result)
    assert set(figures) == {"confident", "rarest_class", "class bright", "class dark"}
    assert figures["class bright"] + figures["class dark"] == pytest.approx(1)
    assert "held_out_accuracy" in result.features_told
    from ddpm_studio.data import prepare
    from ddpm_studio.jobs.measuring.evaluating import _classes

    dataset = finish(prepare([class_folder], PrepareOptions()))[1]
    model = ModelStore().get(run, "ema", "cpu")
    assert _classes(model, dataset, asked) == [0, 0, 1, 1]
    one = asked.model_copy(update={"class_label": 1})
    assert _classes(model, dataset, one) == [1] * 4
    none = asked.model_copy(update={"by_class": False})
    assert _classes(model, dataset, none) is None


def test_real_pictures_judged_by_themselves_are_all_there(
    class_folder: Path, tmp_path: Path
) -> None:
    request = CompareRequest(metric="precision_recall")
    real = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    folder = write(tmp_path / "real", real)
    np.savez(tmp_path / "samples.npz", arr_0=real[:20])
    events, result = finish(
        evaluate_files(request, [tmp_path / "samples.npz"], [folder], PrepareOptions())
    )
    told = [event.text for event in events if isinstance(event, Notice)]
    assert "There are 20 samples; all of them are compared." in told
    assert (result.samples, result.reference, result.floor) == (20, 20, 20)
    assert named(result).keys() == {"precision", "recall"}


@pytest.mark.parametrize(
    "options",
    [
        {"range": "0..4095"},
        {"array": "scans"},
        {"labels": "leaf-folders"},
        {"bands": "3,2,1", "image_size": 8},
        {"layout": "NCHW"},
    ],
    ids=str,
)
def test_samples_are_not_read_as_the_real_pictures_are(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    samples = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), np.uint8)
    real = np.random.default_rng(1).integers(0, 256, (12, 8, 8, 3), np.uint8)
    np.savez(tmp_path / "samples.npz", arr_0=samples)
    request = CompareRequest(count=12, metric="sliced", features="pixels", components=0)

    def distance(source: Path, **options: Any) -> float:
        sources = [tmp_path / "samples.npz"], [source]
        job = evaluate_files(request, *sources, PrepareOptions(**options))
        return named(finish(job)[1])["sliced"]

    wanted = distance(write(tmp_path / "plain", real))
    # The same real pictures, as they are before these options are applied.
    source = tmp_path / "real.npz"
    if "range" in options:
        np.savez(source, (real * (4095 / 255)).round().astype(np.uint16))
    elif "array" in options:
        np.savez(source, scans=real, masks=samples)
    elif "bands" in options:
        np.savez(source, real[..., ::-1])
    elif "layout" in options:
        np.savez(source, real.transpose(0, 3, 1, 2))
    else:
        source = tmp_path / "real"
        write(source / "a" / "one", real[:6])
        write(source / "b" / "two", real[6:])
    assert distance(source, **options) == pytest.approx(wanted)


def test_real_pictures_that_cannot_be_used_are_told(own_run: Path, tmp_path: Path) -> None:
    real = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), dtype=np.uint8)
    folder = write(tmp_path / "real", real)
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    asked = EvaluateRequest(run=own_run, metric="frechet", **FAST)
    events, _ = finish(evaluate(asked, [folder], ModelStore()))
    told = [event.text for event in events if isinstance(event, Notice)]
    assert told == ["1 picture left out that can't be used."]


def test_a_set_too_small_for_a_floor_has_figures_without_one(tmp_path: Path) -> None:
    real = np.random.default_rng(0).integers(0, 256, (27, 8, 8), dtype=np.uint8)
    asked = CompareRequest(metric="precision_recall")
    # The floor's three pictures do not have three neighbours each, the four reference ones do.
    sources = [write(tmp_path / "samples", real[7:])], [write(tmp_path / "real", real[:7])]
    events, result = finish(evaluate_files(asked, *sources, PrepareOptions()))
    assert {one.name: one.floor for one in result.figures} == {"precision": None, "recall": None}
    told = [event.text for event in events if isinstance(event, Notice)]
    assert told[-1].startswith("The floor of Precision and recall can't be told: a manifold by 3")


def test_refusals(own_run: Path, pictures: Path, tmp_path: Path) -> None:
    def ask(**options: Any) -> None:
        finish(evaluate(EvaluateRequest(run=own_run, **FAST, **options), [], ModelStore()))

    with pytest.raises(StudioError, match="need pictures with classes"):
        ask(features="classifier")
    with pytest.raises(StudioError, match="needs the features of a classifier"):
        ask(metric="classes")
    with pytest.raises(StudioError, match="Density and coverage can't be told"):
        ask(metric="density_coverage")
    one = write(tmp_path / "one", np.zeros((1, 16, 16, 3), np.uint8))
    with pytest.raises(StudioError, match="too few"):
        finish(evaluate_files(CompareRequest(), [one], [pictures], PrepareOptions()))
    assert not (own_run / evaluations.FILE_NAME).exists()


def test_a_classifier_that_was_kept_is_named_as_a_file(class_folder: Path, tmp_path: Path) -> None:
    asked = CompareRequest(features="classifier", metric="frechet")

    def ask(request: CompareRequest) -> EvaluationResult:
        job = evaluate_files(request, [class_folder], [class_folder], PrepareOptions())
        result: EvaluationResult = finish(job)[1]
        return result

    first = ask(asked)
    [kept] = (cache_dir() / "features").glob("classifier-*.safetensors")
    file = Path(shutil.copy(kept, tmp_path / "kept.safetensors"))
    shutil.rmtree(cache_dir() / "features")
    again = ask(asked.model_copy(update={"features_file": file}))
    assert again.figures == first.figures
    assert again.features_told == first.features_told
    assert not (cache_dir() / "features").exists()
    for wrong in ("none.safetensors", "spoilt.safetensors"):
        (tmp_path / "spoilt.safetensors").write_bytes(b"spoilt")
        with pytest.raises(StudioError, match="weights of the features can't be read"):
            ask(asked.model_copy(update={"features_file": tmp_path / wrong}))


def test_breaking_off_notes_nothing(own_run: Path) -> None:
    job = evaluate(EvaluateRequest(run=own_run, **FAST), [], ModelStore())
    for event in job:
        if isinstance(event, Progress) and event.text == "KID":
            break
    job.close()
    assert evaluations.read(own_run) == []


def test_samples_of_a_class_are_compared_with_the_pictures_of_that_class(
    class_folder: Path, class_run: Path, tmp_path: Path
) -> None:
    ways: dict[str, Any] = {"metric": "sliced", "features": "pixels", "components": 0}
    asked = EvaluateRequest(run=class_run, class_label=1, sampler="ddim", **FAST, **ways)
    events, ours = finish(evaluate(asked, [], ModelStore()))
    told = [event.text for event in events if isinstance(event, Notice)]
    assert "Samples of the class 'dark' are compared with its 3 real pictures." in told
    request = SampleRequest(run=class_run, class_label=1, sampler="ddim", **FAST)
    drawn = finish(sample(request, ModelStore()))[1]
    folder = write(tmp_path / "samples", drawn.pictures)
    dark = Path(shutil.copytree(class_folder / "dark", tmp_path / "one"))
    job = evaluate_files(CompareRequest(count=4, **ways), [folder], [dark], PrepareOptions())
    theirs = finish(job)[1]
    assert (ours.reference, ours.floor) == (theirs.reference, theirs.floor) == (2, 1)
    assert named(ours) == pytest.approx(named(theirs))


def test_samples_of_a_class_that_no_picture_tells_are_compared_with_all(
    class_folder: Path, class_run: Path, tmp_path: Path
) -> None:
    asked = EvaluateRequest(run=class_run, class_label=0, metric="sliced", **FAST)
    alone = Path(shutil.copytree(class_folder / "dark", tmp_path / "one"))
    others = tmp_path / "others"
    for name in ("cats", "dogs"):
        shutil.copytree(class_folder / "dark", others / name)
    # Pictures without classes, and of other classes.
    for source in (alone, others):
        events, found = finish(evaluate(asked, [source], ModelStore()))
        told = [event.text for event in events if isinstance(event, Notice)]
        assert any(text.startswith("No real picture is known to be of the") for text in told)
        assert [one.name for one in found.figures] == ["sliced"]
    wrong = asked.model_copy(update={"class_label": 7})
    with pytest.raises(StudioError, match="There is no class 7"):
        finish(evaluate(wrong, [], ModelStore()))


def test_copies_are_looked_for_as_the_run_showed_its_pictures(own_run: Path) -> None:
    from ddpm_studio.jobs.measuring.evaluating import draw_samples

    asked = EvaluateRequest(run=own_run, **FAST)
    assert finish(draw_samples(asked, [], ModelStore()))[1].real.flip
    other = write(own_run / "other", np.zeros((4, 16, 16, 3), np.uint8))
    assert not finish(draw_samples(asked, [other], ModelStore()))[1].real.flip


def test_pictures_that_a_run_went_on_with_are_its_training_pictures(
    pictures: Path, tmp_path: Path
) -> None:
    from ddpm_studio.jobs.measuring.evaluating import draw_samples

    run, folder, first = tmp_path / "run", tmp_path / "pictures", tmp_path / "first"
    for copy in (folder, first):
        shutil.copytree(pictures, copy)
    request = REQUEST.model_copy(update={"held_out": 0.4, "sample_count": 0, "flip": True})
    finish(train([folder], run, request, PrepareOptions()))
    for k in range(4):
        Image.fromarray(np.full((16, 16, 3), 60 * k, np.uint8)).save(folder / f"new {k}.png")
    more = request.model_copy(update={"steps": 5})
    finish(train([], run, more, PrepareOptions(), resume=True))
    asked = EvaluateRequest(run=run, **FAST)
    real = finish(draw_samples(asked, [], ModelStore()))[1].real
    assert (len(real.dataset), real.held_out, real.flip) == (14, 0.4, True)
    # Those it was begun with were mirrored too, but which of them are held out is no longer known.
    real = finish(draw_samples(asked, [first], ModelStore()))[1].real
    assert (len(real.dataset), real.held_out, real.flip) == (10, 0, True)


def test_all_bands_are_compared_and_none_as_transparency(tmp_path: Path) -> None:
    """Real pictures and samples differ in the first band, where the second is 0."""
    pictures = np.zeros((2, 24, 8, 8, 2), np.uint8)
    pictures[..., 0] = np.random.default_rng(0).integers(0, 128, pictures.shape[:-1])
    pictures[1, ..., 0] += 100
    for name, arrays in zip(("real", "samples"), pictures, strict=True):
        np.save(tmp_path / f"{name}.npy", arrays)
    real, samples = ([tmp_path / f"{name}.npy"] for name in ("real", "samples"))
    asked = CompareRequest(metric="frechet", features="pixels", components=0)
    for options in (PrepareOptions(channels="bands"), PrepareOptions(bands="1,2")):
        result = finish(evaluate_files(asked, samples, real, options))[1]
        assert result.features == "128 values of the pixels"
        # 100 of 255 levels are 0.784 of −1..1, in each of 64 dimensions.
        assert named(result)["frechet"] == pytest.approx(64 * 0.784**2, rel=0.2)


def test_a_metric_that_is_asked_for_and_is_no_number_is_told(
    own_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_: object) -> Generator[float, None, dict[str, float]]:
        yield 1.0
        return {"sliced": float("nan")}

    monkeypatch.setattr("ddpm_studio.metrics.sliced.sliced", nothing)
    asked = EvaluateRequest(run=own_run, metric="sliced", **FAST)
    with pytest.raises(StudioError, match="can't be told: what it finds is no number"):
        finish(evaluate(asked, [], ModelStore()))
    assert not (own_run / evaluations.FILE_NAME).exists()
    among_others = asked.model_copy(update={"metric": None})
    assert "sliced" not in named(finish(evaluate(among_others, [], ModelStore()))[1])
