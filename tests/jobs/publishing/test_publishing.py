"""Packing a run as a ready model: the folder's contents, refusals, and a correct model card."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from ddpm_studio import cli
from ddpm_studio.errors import StudioError
from ddpm_studio.export import read_recipe
from ddpm_studio.jobs import ModelStore, distill, evaluate, publish, redraw
from ddpm_studio.jobs.drawing.recipes import read_parsed_recipe
from ddpm_studio.jobs.events import SampleGrid
from ddpm_studio.jobs.library.covers import run_cover
from ddpm_studio.jobs.library.preview_sheets import read_preview, save_preview
from ddpm_studio.requests import DistillRequest, EvaluateRequest, PublishRequest, SampleRequest
from ddpm_studio.runs import RunFolder, evaluations
from tests import ready_models
from tests.jobs.conftest import finish


def commands(card: str) -> dict[str, list[str]]:
    """Return the words of each command in a card, by the command's name."""
    blocks = re.findall(r"^```sh\n(.*?)```$", card, re.MULTILINE | re.DOTALL)
    lines = [shlex.split(line)[1:] for block in blocks for line in block.splitlines()]
    return {words[0]: words for words in lines}


def run_line(words: list[str]) -> int:
    return cli.run(words)


def test_it_is_a_run_with_averaged_weights_in_half_precision(
    toy_run: Path, toy_packed: Path, toy_pictures: Path
) -> None:
    run, made = RunFolder.open(toy_run), RunFolder.open(toy_packed)
    assert made.newest().step == 4
    (file,) = made.newest().path.glob("*.safetensors")
    weights, whole = load_file(file), run.newest().load("ema")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    assert all(torch.equal(weights[name], whole[name].half()) for name in whole)
    model = ModelStore().get(toy_packed, "ema", "cpu")
    assert {p.dtype for p in model.network.parameters()} == {torch.float32}
    with pytest.raises(StudioError, match="saved without raw weights"):
        ModelStore().get(toy_packed, "raw", "cpu")
    assert made.info.request == run.info.request
    # No file contains paths of this machine.
    told = [path.read_bytes() for path in toy_packed.rglob("*") if path.is_file()]
    places = (toy_pictures.parent, toy_run.parent, toy_packed.parent)
    assert not [text for text in told for place in places if str(place).encode() in text]


def test_samples_are_drawn_again_bit_for_bit(toy_packed: Path) -> None:
    files = sorted((toy_packed / "samples/gallery").glob("*.png"))
    assert len(files) == 4
    labels = []
    for file in files:
        found = read_parsed_recipe(file)
        assert found is not None
        assert found.run == toy_packed
        labels.append(found.request.class_label)
        _, drawn = finish(redraw(found, ModelStore()))
        again = drawn.pictures[found.index].squeeze()
        np.testing.assert_array_equal(again, np.asarray(Image.open(file)))
    assert labels == [0, 0, 1, 1]
    assert (read_recipe(toy_packed / "samples.png") or {}).get("kind") == "gallery"


def test_evaluate_reproduces_the_figures_of_the_card(ready: Path, toy_pictures: Path) -> None:
    card = (ready / "README.md").read_text(encoding="utf-8")
    words = commands(card)["evaluate"]
    assert words[:3] == ["evaluate", "toy", "shades"]
    words[1:3] = ["ready:toy", str(toy_pictures)]
    before = ready_models.contents(ready)
    assert run_line(words) == 0
    first, again = evaluations.read(ready)
    assert again.figures == first.figures
    assert again.floors == first.floors
    for name, value in first.figures.items():
        assert f"| {name} | {value:.6g} |" in card.replace("\\", "")
    assert ready_models.contents(ready) == before


def test_the_training_command_trains_the_same_model(
    toy_run: Path, toy_packed: Path, toy_pictures: Path, tmp_path: Path
) -> None:
    """The card's training command, here run in two halves, gives exactly the run's weights."""
    words = commands((toy_packed / "README.md").read_text(encoding="utf-8"))["train"]
    assert words[1:4] == ["shades", "--run", "toy-again"]
    words[1], words[3] = str(toy_pictures), str(tmp_path / "again")
    at = words.index("--steps") + 1
    assert words[at] == "4"
    assert run_line([*words[:at], "2", *words[at + 1 :]]) == 0
    assert run_line([*words, "--resume"]) == 0
    again, run = (RunFolder.open(path) for path in (tmp_path / "again", toy_run))
    assert again.info.request is not None
    assert again.info.request.model_copy(update={"device": "cpu"}) == run.info.request
    assert again.info.data is not None
    assert again.info.data.options == run.info.data.options  # type: ignore[union-attr]
    ours, theirs = again.newest().load("ema"), run.newest().load("ema")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_the_card_tells_data_licence_and_figures(toy_packed: Path) -> None:
    card = (toy_packed / "README.md").read_text(encoding="utf-8")
    fingerprint = RunFolder.open(toy_packed).info.data.fingerprint  # type: ignore[union-attr]
    (one,) = evaluations.read(toy_packed)
    assert "principal components of 256 values of the pixels" in one.features
    for told in (
        "# Toy\n",
        "class-conditional",
        "![Samples](samples.png)",
        f"6 pictures, `shades`; fingerprint `{fingerprint}`",
        "Made by hand.",
        "Classes, from 0: bright, dark.",
        "4 steps, by this command:",
        f"Of 4 samples against {one.reference} real pictures, in {one.features}.",
        f"Floor: the same of {one.floor} real pictures.",
        "Of the model: mit.",
    ):
        assert told in card


def test_the_commands_of_use_draw_with_the_sampler_of_the_figures(
    ready: Path, tmp_path: Path
) -> None:
    card = (ready / "README.md").read_text(encoding="utf-8")
    words = commands(card)["sample"]
    assert words == shlex.split("sample toy --steps 2 --sampler dpm++2m-sde --out samples.png")
    words[1], words[-1] = "ready:toy", str(tmp_path / "samples.png")
    assert run_line(words) == 0
    (code,) = re.findall(r"^```python\n(.*?)```$", card, re.MULTILINE | re.DOTALL)
    drawn: dict[str, Any] = {}
    exec(code.replace('ds.open("toy")', 'drawn = ds.open("ready:toy")'), drawn)
    drawn["drawn"].save(tmp_path / "again.png")
    samples, again = (
        np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("samples", "again")
    )
    np.testing.assert_array_equal(samples, again)
    found = read_parsed_recipe(tmp_path / "samples.png")
    assert found is not None
    assert isinstance(found.request, SampleRequest)
    figures = evaluations.read(ready)[0].told["recipe"]
    assert isinstance(figures, dict)
    fields = ("sampler", "steps", "guidance", "clip_x0", "variance", "eta")
    assert {key: getattr(found.request, key) for key in fields} == {
        key: figures["request"][key] for key in fields
    }


def test_one_that_ships_is_named_so(
    toy_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDPM_STUDIO_MODELS", str(tmp_path / "models"))
    made = ready_models.packed(toy_run, tmp_path / "models" / "fine")
    found = commands((made / "README.md").read_text(encoding="utf-8"))
    assert found["evaluate"][1] == "ready:fine"
    assert len(evaluations.read(made)) == 1
    assert found["train"][3] == "fine-again"


@pytest.fixture
def own_run(toy_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_run, tmp_path / "run"))


def refusal(run: Path, folder: Path, **more: Any) -> str:
    request = PublishRequest(run=run, title="Toy", license="mit", **more)
    with pytest.raises(StudioError) as caught:
        finish(publish(request, folder, ModelStore()))
    return str(caught.value)


def test_what_is_missing_is_named_and_nothing_is_left(
    own_run: Path, toy_packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "out"
    assert "packed already" in refusal(toy_packed, folder)
    assert "no sample set 'x'" in refusal(own_run, folder, sample="x")
    (own_run / "evaluations.jsonl").unlink()
    assert "have not been evaluated" in refusal(own_run, folder)
    # Only an evaluation of the averaged weights counts, as raw weights are not packed.
    asked = {**ready_models.EVALUATED, "run": own_run, "weights": "raw"}
    finish(evaluate(EvaluateRequest.model_validate(asked), [], ModelStore()))
    assert "have not been evaluated" in refusal(own_run, folder)
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert "the folder that you are in" in refusal(own_run, Path())
    monkeypatch.chdir(tmp_path)
    (folder / "mine").touch()
    assert "already holds files" in refusal(own_run, folder)
    assert [path.name for path in folder.iterdir()] == ["mine"]
    assert not list(tmp_path.glob(".writing-*"))


def test_other_pictures_of_an_evaluation_have_to_be_named(own_run: Path, tmp_path: Path) -> None:
    (own_run / "evaluations.jsonl").unlink()
    others = ready_models.class_pictures(tmp_path / "others")
    Image.new("L", (16, 16), 99).save(others / "dark" / "more.png")
    asked = EvaluateRequest.model_validate({**ready_models.EVALUATED, "run": own_run})
    finish(evaluate(asked, [others], ModelStore()))
    assert "not where they could be" in refusal(own_run, tmp_path / "out")
    made = ready_models.packed(own_run, tmp_path / "out", sources=[others])
    card = (made / "README.md").read_text(encoding="utf-8")
    assert commands(card)["evaluate"][2] == "others"


def test_a_student_names_its_teacher_and_how_it_was_made(
    toy_pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DDPM_STUDIO_MODELS", str(tmp_path / "models"))
    taught = ready_models.TRAINED.model_copy(update={"parameterization": "v"})
    run = ready_models.evaluated_run(tmp_path / "run", toy_pictures, taught)
    ready_models.packed(run, tmp_path / "models" / "toy")
    asked = DistillRequest(run=run, steps=3, batch_size=4, stages=3, sample_count=0, device="cpu")
    student = tmp_path / "student"
    finish(distill(asked, student))
    evaluated = {**ready_models.EVALUATED, "run": student}
    finish(evaluate(EvaluateRequest.model_validate(evaluated), [], ModelStore()))
    made = ready_models.packed(student, tmp_path / "models" / "toy-student")

    card = (made / "README.md").read_text(encoding="utf-8")
    assert "It is a few-step student of ready:toy, which draws in 2 steps." in card
    assert str(tmp_path) not in (made / "run.json").read_text()
    # With its own sampler and steps, nothing else has to be named.
    assert commands(card)["sample"][2:] == ["--out", "samples.png"]
    words = commands(card)["distill"]
    assert words[:5] == ["distill", "ready:toy", "shades", "--out", "toy-student-again"]
    words[2], words[4] = str(toy_pictures), str(tmp_path / "again")
    assert run_line([*words, "--device", "cpu"]) == 0
    again, first = (RunFolder.open(path).info for path in (tmp_path / "again", student))
    assert again.request == first.request
    assert again.student is not None
    assert first.student is not None
    assert again.student.tuning() == first.student.tuning()
    model = ModelStore().get(made, "ema", "cpu")
    assert model.info.student is not None
    words = commands(card)["evaluate"]
    words[2] = str(toy_pictures)
    assert run_line(words) == 0
    one, two = evaluations.read(made)
    assert one.figures == two.figures


def test_closed_before_its_end_it_leaves_nothing(own_run: Path, tmp_path: Path) -> None:
    request = PublishRequest(run=own_run, title="Toy", license="mit")
    job = publish(request, tmp_path / "out", ModelStore())
    while not list(tmp_path.glob(".writing-*")):
        next(job)
    job.close()
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["run"]


def test_some_samples_of_the_training_go_with_it(own_run: Path, tmp_path: Path) -> None:
    """Previews up to the packed weights' step are included, later ones are not."""
    noise = np.random.default_rng(0)
    for step in range(6):
        raw, ema = noise.integers(0, 256, (2, 3, 16, 16, 1), np.uint8)
        place = own_run / "samples" / f"step-{step:08d}.png"
        place.parent.mkdir(exist_ok=True)
        save_preview(SampleGrid(place, step, raw, ema))
    made = RunFolder.open(ready_models.packed(own_run, tmp_path / "packed"))
    steps = [read_preview(sheet).step for sheet in made.previews()]
    assert steps == [0, 1, 2, 3, 4]
    newest = RunFolder.open(own_run).samples_dir / made.previews()[-1].name
    assert made.previews()[-1].read_bytes() == newest.read_bytes()
    # Its cover still comes from its gallery, which was drawn as its card describes.
    cover = run_cover(made.path, 4).pictures
    assert cover is not None
    gallery = [np.asarray(Image.open(f)) for f in (made.samples_dir / "gallery").glob("*.png")]
    assert all(any(np.array_equal(one.squeeze(), kept) for kept in gallery) for one in cover)


def test_long_metrics_are_thinned(own_run: Path, tmp_path: Path) -> None:
    from ddpm_studio.jobs.publishing.packing import pack_metrics

    run = RunFolder.open(own_run)
    lines = [{"step": k, "loss": 1 / k} for k in range(1, 5001)]
    run.metrics_file.unlink()
    from ddpm_studio.runs import metrics

    metrics.append(run.metrics_file, lines)
    into = RunFolder.create(tmp_path / "into", run.info)
    pack_metrics(run, 4000, into)
    kept = list(into.metrics())
    assert 200 < len(kept) <= 400
    assert kept[-1]["step"] == 4000
    assert all(line in lines for line in kept)
