"""Redrawing: each kind of drawing is reproduced from its PNG alone, byte for byte."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.engine import Network, Precision
from ddpm_studio.errors import StudioError
from ddpm_studio.export import read_recipe, save_png
from ddpm_studio.jobs import (
    ModelStore,
    encode_picture,
    inpaint,
    interpolate,
    interpolate_path,
    load_picture,
    redraw,
    sample,
    share,
)
from ddpm_studio.jobs.drawing.models import Model
from ddpm_studio.jobs.drawing.recipes import drawing_id, read_parsed_recipe, restored
from ddpm_studio.jobs.events import DrawingResult, Notice, Pictures
from ddpm_studio.requests import (
    EncodeRequest,
    InpaintRequest,
    InterpolateRequest,
    PathRequest,
    SampleRequest,
    ShareRequest,
)
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import finish

_COUNT = 4
Draw = Callable[[Path, Pictures, ModelStore], DrawingResult]


def request_of_recipe(job: Generator[Any, None, DrawingResult]) -> DrawingResult:
    result: DrawingResult = finish(job)[1]
    return result


def _common(run: Path) -> dict[str, Any]:
    return {"run": run, "seed": 5, "device": "cpu", "steps": 8}


def _sample(run: Path, pictures: Pictures, models: ModelStore) -> DrawingResult:
    request = SampleRequest(count=3, sampler="heun", **_common(run))
    return request_of_recipe(sample(request, models))


def _share(run: Path, pictures: Pictures, models: ModelStore) -> DrawingResult:
    request = ShareRequest(t=9, count=3, sampler="ddim", eta=0.5, **_common(run))
    return request_of_recipe(share(request, pictures[0], models))


def _share_from_noise(run: Path, pictures: Pictures, models: ModelStore) -> DrawingResult:
    return request_of_recipe(share(ShareRequest(t=9, count=3, **_common(run)), None, models))


def _share_a_latent(run: Path, pictures: Pictures, models: ModelStore) -> DrawingResult:
    asked = EncodeRequest(run=run, t=9, method="ddim", steps=5, device="cpu")
    latent = finish(encode_picture(asked, pictures[0], models))[1]
    request = ShareRequest(t=9, count=2, **_common(run))
    return request_of_recipe(share(request, None, models, latent))


def _interpolate(run: Path, pictures: Pictures, models: ModelStore) -> DrawingResult:
    request = InterpolateRequest(t=9, steps_lambda=3, mix="spherical", **_common(run))
    return request_of_recipe(interpolate(request, list(pictures[:2]), models))


def _pad(run: Path, pictures: Pictures, models: ModelStore) -> DrawingResult:
    request = InterpolateRequest(t=9, u=0.25, v=0.7, **_common(run))
    return request_of_recipe(interpolate(request, list(pictures[:4]), models))


def _path(run: Path, pictures: Pictures, models: ModelStore) -> DrawingResult:
    request = PathRequest(t=9, steps_lambda=3, closed=True, **_common(run))
    return request_of_recipe(interpolate_path(request, list(pictures[:3]), models))


def _inpaint(run: Path, pictures: Pictures, models: ModelStore) -> DrawingResult:
    mask = np.zeros(pictures.shape[1:3], bool)
    mask[3:9, 2:] = True
    request = InpaintRequest(count=2, jump=2, resamplings=2, **_common(run))
    return request_of_recipe(inpaint(request, pictures[0], mask, models))


_KINDS = (
    _sample,
    _share,
    _share_from_noise,
    _share_a_latent,
    _interpolate,
    _pad,
    _path,
    _inpaint,
)


@pytest.fixture
def example_pictures(run: Path, pictures: Path) -> Pictures:
    return np.stack([load_picture(pictures / f"{k}.png", run) for k in range(_COUNT)])


@pytest.mark.parametrize("draw", _KINDS)
def test_a_png_alone_is_enough_to_draw_it_again_bit_for_bit(
    draw: Draw, run: Path, example_pictures: Pictures, tmp_path: Path
) -> None:
    drawn = draw(run, example_pictures, ModelStore())
    path = tmp_path / "one.png"
    save_png(path, drawn.pictures[1:2] if len(drawn.pictures) > 1 else drawn.pictures, drawn.recipe)
    found = read_parsed_recipe(path)
    assert found is not None
    events, again = finish(redraw(found.with_frames(4), ModelStore()))
    assert not any(isinstance(event, Notice) for event in events if draw is not _share_a_latent)
    assert again.pictures.tobytes() == drawn.pictures.tobytes()
    assert drawing_id(again.recipe) == drawing_id(drawn.recipe)


def test_the_picture_is_found_again_where_its_run_was_moved_to(
    run: Path, example_pictures: Pictures, tmp_path: Path
) -> None:
    first = tmp_path / "first"
    shutil.copytree(run, first)
    drawn = _share(first, example_pictures, ModelStore())
    path = first / "samples/gallery/000001.png"
    path.parent.mkdir(parents=True)
    save_png(path, drawn.pictures[:1], drawn.recipe)
    later = first.rename(tmp_path / "later")
    found = read_parsed_recipe(later / "samples/gallery/000001.png")
    assert found is not None
    again = finish(redraw(found, ModelStore()))[1]
    assert again.pictures.tobytes() == drawn.pictures.tobytes()


@pytest.mark.parametrize("place", ["beside", "known"])
def test_a_picture_elsewhere_finds_the_run_that_was_renamed(
    run: Path, example_pictures: Pictures, tmp_path: Path, place: str
) -> None:
    first = tmp_path / "runs" / "first"
    shutil.copytree(run, first)
    other = _as_another(Path(shutil.copytree(run, tmp_path / "runs" / "a")))
    drawn = _share(first, example_pictures, ModelStore())
    path = tmp_path / "saved.png"
    save_png(path, drawn.pictures[:1], drawn.recipe)
    RunFolder.open(first).record_changes(9999)
    shutil.rmtree(first / "samples")
    later = tmp_path / ("runs" if place == "beside" else "elsewhere") / "later"
    later.parent.mkdir(exist_ok=True)
    first.rename(later)
    if place == "known":
        with pytest.raises(StudioError, match="Open it where it is now"):
            read_parsed_recipe(path)
    copied = shutil.copytree(later, later.with_name("a copy"))
    shutil.rmtree(copied / "checkpoints")
    near = [other, tmp_path / "gone", copied, later]
    found = read_parsed_recipe(path, near if place == "known" else [])
    assert found is not None
    assert found.run == later
    again = finish(redraw(found, ModelStore()))[1]
    assert again.pictures.tobytes() == drawn.pictures.tobytes()


def _as_another(run: Path, **fields: object) -> Path:
    """Turn a copy of a run into another one, as if trained later, and return it."""
    file = run / "run.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "created": "2020-02-02T02:02:02+00:00", **fields}))
    return run


def test_a_run_that_took_the_name_of_the_one_that_drew_is_not_taken_for_it(
    run: Path, example_pictures: Pictures, tmp_path: Path
) -> None:
    photos = Path(shutil.copytree(run, tmp_path / "runs" / "photos"))
    drawn = _share(photos, example_pictures, ModelStore())
    for path in (photos / "samples/gallery/000001.png", tmp_path / "exported.png"):
        path.parent.mkdir(parents=True, exist_ok=True)
        save_png(path, drawn.pictures[:1], drawn.recipe)
    good = photos.rename(photos.with_name("photos good"))
    _as_another(Path(shutil.copytree(run, photos)))
    for path in (good / "samples/gallery/000001.png", tmp_path / "exported.png"):
        found = read_parsed_recipe(path)
        assert found is not None
        assert found.run == found.request.run == good  # type: ignore[attr-defined]
    shutil.rmtree(good)
    with pytest.raises(StudioError, match="Open it where it is now"):
        read_parsed_recipe(tmp_path / "exported.png")


def test_a_run_of_the_first_format_is_found_by_its_place(
    run: Path, example_pictures: Pictures, tmp_path: Path
) -> None:
    old = Path(shutil.copytree(run, tmp_path / "old"))
    recipe = _share(old, example_pictures, ModelStore()).recipe
    _as_another(old, format_version=1)
    found = restored(recipe, tmp_path / "p.png")
    assert found is not None
    assert found.run == old


def test_the_weights_of_its_own_step_draw_it_again_while_they_are_kept(
    run: Path, example_pictures: Pictures, tmp_path: Path
) -> None:
    own = tmp_path / "run"
    shutil.copytree(run, own)
    drawn = _interpolate(own, example_pictures, ModelStore())
    folders = sorted((own / "checkpoints").iterdir())
    newest = folders[-1]
    step = int(newest.name[5:])
    later = newest.with_name(f"step-{step + 7:08d}")
    shutil.copytree(newest, later)
    _change_weights(later, step + 7)
    found = restored(drawn.recipe, tmp_path / "p.png")
    assert found is not None
    again = finish(redraw(found, ModelStore()))[1]
    assert again.pictures.tobytes() == drawn.pictures.tobytes()
    shutil.rmtree(newest)
    events, other = finish(redraw(found, ModelStore()))
    assert any(isinstance(e, Notice) and f"step {step}" in e.text for e in events)
    assert other.recipe["model"] != drawn.recipe["model"]
    assert other.pictures.tobytes() != drawn.pictures.tobytes()


def _change_weights(checkpoint: Path, step: int) -> None:
    from safetensors.torch import load_file, save_file

    from ddpm_studio.runs.checkpoint import _checksum

    state = json.loads((checkpoint / "state.json").read_text())
    file = checkpoint / "ema.safetensors"
    save_file({key: tensor + 0.05 for key, tensor in load_file(file).items()}, file)
    state["step"] = step
    state["checksums"][file.name] = _checksum(file)
    (checkpoint / "state.json").write_text(json.dumps(state))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inputs": {}}, "does not carry the pictures"),
        ({"inputs": {"mask": "x"}}, "damaged"),
        ({"request": {"steps": -1}}, "does not say in full"),
        ({"request": {"run": "/no/such/run"}}, "not at"),
        ({"kind": "preview"}, "while training"),
        ({"kind": "gallery"}, "several drawings"),
    ],
)
def test_what_can_not_be_drawn_again_says_why(
    run: Path, example_pictures: Pictures, change: dict[str, Any], words: str
) -> None:
    recipe = _inpaint(run, example_pictures, ModelStore()).recipe
    with pytest.raises(StudioError, match=words):
        restored(recipe | change, Path("picture.png"))


def test_a_picture_from_elsewhere_is_no_drawing(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "p.png")
    assert read_parsed_recipe(tmp_path / "p.png") is None
    assert read_recipe(tmp_path / "p.png") is None


def test_the_precision_is_that_of_the_first_drawing(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models, used = ModelStore(), []
    network_in = Model.network_in

    def watched(model: Model, precision: Precision) -> Network:
        used.append(precision)
        return network_in(model, precision)

    monkeypatch.setattr(Model, "network_in", watched)
    recipes = []
    for precision in ("float32", "bf16"):
        request = SampleRequest.model_validate({**_common(run), "precision": precision})
        recipes.append(json.loads(json.dumps(request_of_recipe(sample(request, models)).recipe)))
    recipes.append(copy.deepcopy(recipes[1]))
    del recipes[2]["request"]["precision"]  # as in recipes of versions without bf16
    assert used == ["float32", "bf16"]
    for recipe in recipes:
        found = restored(recipe, run / "a.png")
        assert found is not None
        finish(redraw(found, models))
    assert used[2:] == ["float32", "bf16", "float32"]


def test_what_is_drawn_from_a_picture_is_drawn_in_float32(
    run: Path, example_pictures: Pictures
) -> None:
    asked = _share(run, example_pictures, ModelStore()).recipe["request"]
    assert isinstance(asked, dict)
    assert asked["precision"] == "float32"
