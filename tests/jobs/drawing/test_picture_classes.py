"""Class of an input picture: how it is determined, and how drawings are conditioned on it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from ddpm_studio import export
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import (
    ModelStore,
    inpaint,
    interpolate,
    labelled_example_pictures,
    load_labelled_picture,
    sample,
    share,
    train,
)
from ddpm_studio.jobs.drawing.evaluator import Evaluator
from ddpm_studio.jobs.drawing.interpolation import interpolate_path
from ddpm_studio.jobs.drawing.picture_classes import (
    LabelledPicture,
    class_of_recipe,
    with_picture_classes,
)
from ddpm_studio.jobs.events import Pictures
from ddpm_studio.requests import (
    InpaintRequest,
    InterpolateRequest,
    PathRequest,
    PrepareOptions,
    SampleRequest,
    ShareRequest,
)
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish

CLASSES = REQUEST.model_copy(update={"class_conditional": True, "steps": 12, "learning_rate": 0.02})
DARK, BRIGHT = 1, 0
PICTURE = np.full((16, 16, 1), 90, np.uint8)


@pytest.fixture(scope="module")
def run(class_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("conditional") / "classes"
    finish(train([class_folder], folder, CLASSES, PrepareOptions()))
    return folder


@pytest.fixture
def models() -> ModelStore:
    return ModelStore()


def mixed(run: Path, models: ModelStore, **fields: object) -> Pictures:
    request = InterpolateRequest.model_validate(
        {"run": run, "t": 15, "steps_lambda": 3, "guidance": 1, **fields}
    )
    drawn: Pictures = finish(interpolate(request, [PICTURE, PICTURE], models))[1].pictures
    return drawn


def test_each_end_is_drawn_by_its_class(run: Path, models: ModelStore) -> None:
    dark, bright = (mixed(run, models, class_label=one) for one in (DARK, BRIGHT))
    both = mixed(run, models, class_labels=(DARK, BRIGHT))
    assert not np.array_equal(dark, bright)
    assert np.array_equal(both[0], dark[0])
    assert np.array_equal(both[-1], bright[-1])
    assert not np.array_equal(both[1], dark[1])
    assert not np.array_equal(both[1], bright[1])


def test_one_class_of_all_is_that_class(run: Path, models: ModelStore) -> None:
    one = mixed(run, models, class_label=DARK)
    assert np.array_equal(mixed(run, models, class_labels=(DARK, DARK)), one)
    without = mixed(run, models)
    assert np.array_equal(mixed(run, models, class_labels=(None, None)), without)
    half = mixed(run, models, class_labels=(DARK, None))
    assert np.array_equal(half[0], one[0])
    assert np.array_equal(half[-1], without[-1])


def test_classes_of_ends_are_drawn_at_the_guidance_of_the_run(
    run: Path, models: ModelStore
) -> None:
    for labels, guided in (((DARK, BRIGHT), True), ((None, None), False)):
        request = InterpolateRequest(run=run, t=5, steps=2, steps_lambda=2, class_labels=labels)
        recipe = finish(interpolate(request, [PICTURE, PICTURE], models))[1].recipe
        assert (recipe["request"]["guidance"] > 1) is guided


def test_four_corners_and_a_path_have_a_class_each(
    run: Path, models: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.Tensor] = []
    began = Evaluator.__init__

    def note(self: Evaluator, network: object, device: object, classes: object, *more: object):  # type: ignore[no-untyped-def]
        assert isinstance(classes, torch.Tensor)
        seen.append(classes)
        began(self, network, device, classes, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(Evaluator, "__init__", note)
    four = [PICTURE] * 4
    labels = (DARK, BRIGHT, None, DARK)
    fields = {"run": run, "t": 5, "steps": 4, "steps_lambda": 3, "class_labels": labels}
    finish(interpolate(InterpolateRequest.model_validate(fields), four, models))
    square = seen.pop()
    assert square.shape == (9, 3)
    assert square[[0, 2, 6, 8]].tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert square[4].tolist() == [0.25, 0.5, 0.25]
    pad = {**fields, "u": 0.5, "v": 0.0}
    finish(interpolate(InterpolateRequest.model_validate(pad), four, models))
    assert seen.pop().tolist() == [[0.5, 0.5, 0]]
    trail = {**fields, "trail": "1,0 0.5,0.5 0,1"}
    finish(interpolate(InterpolateRequest.model_validate(trail), four, models))
    assert seen.pop().tolist() == [[1, 0, 0], [0.25, 0.5, 0.25], [0, 0, 1]]
    path = {**fields, "class_labels": labels[:3], "steps_lambda": 2}
    finish(interpolate_path(PathRequest.model_validate(path), four[:3], models))
    assert seen.pop().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    closed = {**path, "closed": True, "steps_lambda": 3}
    finish(interpolate_path(PathRequest.model_validate(closed), four[:3], models))
    assert seen.pop()[-1].tolist() == [0, 0.5, 0.5]


def test_a_network_that_mixes_no_classes_takes_the_nearer(
    run: Path, models: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = models.get(run, "ema").network
    monkeypatch.setattr(type(network), "mixes_classes", False)
    both = mixed(run, models, class_labels=(DARK, BRIGHT))
    assert np.array_equal(both[0], mixed(run, models, class_label=DARK)[0])
    assert np.array_equal(both[-1], mixed(run, models, class_label=BRIGHT)[-1])


def test_classes_that_do_not_go_with_the_pictures_are_refused(
    run: Path, models: ModelStore
) -> None:
    with pytest.raises(StudioError, match="2 pictures, and not as many classes: 3"):
        mixed(run, models, class_labels=(0, 1, 0))
    with pytest.raises(StudioError, match="no class 7"):
        mixed(run, models, class_labels=(0, 7))
    with pytest.raises(ValueError, match="not both"):
        mixed(run, models, class_label=0, class_labels=(0, 1))


def test_a_recipe_without_classes_is_what_it_was(run: Path, models: ModelStore) -> None:
    request = InterpolateRequest(run=run)
    assert "class_labels" not in request.model_dump(mode="json")


def test_the_class_of_a_picture_is_that_of_its_set(run: Path, class_folder: Path) -> None:
    assert load_labelled_picture(Path(f"{class_folder}#0"), run).class_name == "bright"
    assert load_labelled_picture(Path(f"{run}#5"), run).class_name == "dark"
    pictures, classes = labelled_example_pictures(run, 4)
    assert len(pictures) == 4
    assert classes == ("bright", "bright", "dark", "dark")
    assert [bool(one.mean() > 128) for one in pictures] == [True, True, False, False]


def test_the_folder_of_a_picture_tells_its_class(
    run: Path, class_folder: Path, tmp_path: Path
) -> None:
    file = class_folder / "dark" / "1.png"
    assert load_labelled_picture(file, run).class_name == "dark"
    assert load_labelled_picture(class_folder, run).class_name == "bright"
    shutil.copy(file, tmp_path / "dark.png")
    assert load_labelled_picture(tmp_path / "dark.png", run).class_name is None


def test_the_recipe_of_a_picture_tells_its_class(
    run: Path, models: ModelStore, tmp_path: Path
) -> None:
    for name, label in (("dark", DARK), (None, None)):
        request = SampleRequest(run=run, count=1, steps=2, class_label=label)
        drawn = finish(sample(request, models))[1]
        path = tmp_path / "bright" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        export.save_png(path, drawn.pictures, drawn.recipe)
        assert load_labelled_picture(path, run).class_name == name
    turns = finish(sample(SampleRequest(run=run, count=2, steps=2, all_classes=True), models))[1]
    export.save_png(path, turns.pictures[1:], {**turns.recipe, "index": 1})
    assert load_labelled_picture(path, run).class_name == "dark"


def test_a_class_is_not_looked_up_in_a_run_that_took_the_name_of_the_one_that_drew(
    run: Path, models: ModelStore, tmp_path: Path
) -> None:
    first = Path(shutil.copytree(run, tmp_path / "runs" / "first"))
    request = SampleRequest(run=first, count=1, steps=2, class_label=DARK)
    drawn = finish(sample(request, models))[1]
    later = first.rename(tmp_path / "elsewhere")
    path = later / "samples/gallery/1.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    export.save_png(path, drawn.pictures, drawn.recipe)
    other = Path(shutil.copytree(run, first))
    told = json.loads((other / "run.json").read_text())
    told["created"] = "2020-02-02T02:02:02+00:00"
    told["data"]["class_names"] = ["owl", "cat"]
    (other / "run.json").write_text(json.dumps(told))
    assert class_of_recipe(drawn.recipe) is None
    assert load_labelled_picture(path, run).class_name == "dark"


@pytest.mark.parametrize("place", ["//stranger/share/run", "\\\\stranger\\share\\run"])
def test_a_run_on_the_network_is_not_looked_at(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RunFolder, "open", lambda *_: pytest.fail("it was looked at"))
    assert class_of_recipe({"request": {"run": place, "class_label": 1}}) is None


def test_a_request_goes_by_the_classes_of_its_pictures(run: Path) -> None:
    dark, bright, none = (LabelledPicture(PICTURE, name) for name in ("dark", "bright", None))
    request, told = with_picture_classes(ShareRequest(run=run), [dark])
    assert request.class_label == DARK
    assert "dark" in told
    assert with_picture_classes(InpaintRequest(run=run), [bright])[0].class_label == BRIGHT
    mix, told = with_picture_classes(InterpolateRequest(run=run), [dark, none])
    assert mix.class_labels == (DARK, None)
    assert "dark, none" in told
    strange = LabelledPicture(PICTURE, "owl")
    for pictures in ([none], [strange], []):
        assert with_picture_classes(ShareRequest(run=run), pictures) == (ShareRequest(run=run), "")


def test_a_class_that_is_named_wins(run: Path) -> None:
    dark = LabelledPicture(PICTURE, "dark")
    for named in (BRIGHT, None):
        request = ShareRequest(run=run, class_label=named)
        assert with_picture_classes(request, [dark]) == (request, "")


def test_the_class_goes_with_share_and_fill_in(run: Path, models: ModelStore) -> None:
    mask = np.zeros((16, 16), bool)
    mask[4:12, 4:12] = True
    for label in (DARK, BRIGHT):
        shared = finish(share(ShareRequest(run=run, t=5, class_label=label), PICTURE, models))[1]
        filled = InpaintRequest(run=run, count=1, steps=4, class_label=label)
        drawn = finish(inpaint(filled, PICTURE, mask, models))[1]
        for recipe in (shared.recipe, drawn.recipe):
            assert isinstance(recipe["request"], dict)
            assert recipe["request"]["class_label"] == label


def test_a_run_without_classes_has_none(pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    finish(train([pictures], folder, REQUEST, PrepareOptions()))
    assert RunFolder.open(folder).info.network_basics().num_classes is None
    taken = load_labelled_picture(pictures / "1.png", folder)
    assert taken.class_name is None
    assert with_picture_classes(ShareRequest(run=folder), [taken])[1] == ""


def test_what_is_filled_in_by_class_is_so_at_the_guidance_of_the_run(
    run: Path, models: ModelStore
) -> None:
    mask = np.ones((16, 16), bool)
    asked = {"run": run, "count": 1, "steps": 2, "resamplings": 1}

    def guidance(**more: object) -> float:
        request = InpaintRequest.model_validate({**asked, **more})
        return float(
            finish(inpaint(request, PICTURE, mask, models))[1].recipe["request"]["guidance"]
        )

    shared = finish(share(ShareRequest(run=run, t=5, steps=2, class_label=DARK), None, models))[1]
    assert guidance(class_label=DARK) == shared.recipe["request"]["guidance"] > 1
    assert guidance(class_label=DARK, guidance=1) == 1
    assert guidance() == 1
