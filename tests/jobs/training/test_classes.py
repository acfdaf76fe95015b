"""Class-conditional training by default, previews of the classes in turn, and default guidance."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.engine.networks.patch_unet import PatchUNetConfig
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, evaluate, sample, train
from ddpm_studio.jobs.drawing.evaluator import Evaluator
from ddpm_studio.jobs.drawing.sampling_defaults import default_guidance
from ddpm_studio.jobs.events import Notice, Pictures
from ddpm_studio.jobs.training import previews
from ddpm_studio.requests import EvaluateRequest, PrepareOptions, SampleRequest, TrainRequest
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.classes import known_classes
from ddpm_studio.runs.info import SamplingDefaults, SettingsChange
from tests import narrow
from tests.jobs.conftest import finish

STRONG = 2.0
"""Guidance of a network that has seen little."""

QUICK = TrainRequest(
    preset="tiny", steps=2, batch_size=2, timesteps=10, sample_count=5, device="cpu"
)


def folders(where: Path, each: int, classes: int = 2) -> Path:
    """Write pictures of noise in class folders; return the folder of these."""
    generator = np.random.default_rng(0)
    for name in range(classes):
        (where / f"class-{name}").mkdir(parents=True)
        for number in range(each):
            pixels = generator.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(where / f"class-{name}" / f"{number}.png")
    return where


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("in-turn")
    with narrow.network():
        data = folders(where / "data", 6)
        finish(train([data], where / "run", QUICK, PrepareOptions()))
    return where / "run"


def trained(data: Path, run: Path, **settings: object) -> tuple[list[str], RunFolder]:
    request = QUICK.model_copy(update={"sample_count": 0, **settings})
    events, _ = finish(train([data], run, request, PrepareOptions()))
    return [event.text for event in events if isinstance(event, Notice)], RunFolder.open(run)


def test_classes_are_learnt_where_there_are_some_and_that_is_told(tmp_path: Path) -> None:
    told, folder = trained(folders(tmp_path / "data", 5), tmp_path / "run")
    assert folder.info.network_config().num_classes == 2
    assert folder.info.request is not None
    assert folder.info.request.class_conditional is True
    assert [line for line in told if "conditioned on 2 classes" in line]
    assert folder.info.drawing is not None
    assert folder.info.drawing.guidance is None


def test_folders_of_a_few_pictures_are_not_taken_for_classes_to_learn(tmp_path: Path) -> None:
    data = folders(tmp_path / "data", 4)
    told, folder = trained(data, tmp_path / "run")
    assert folder.info.network_config().num_classes is None
    assert folder.info.request is not None
    assert folder.info.request.class_conditional is False
    assert folder.info.drawing is None
    assert [line for line in told if "not conditioned on the" in line]
    _, asked = trained(data, tmp_path / "asked", class_conditional=True)
    assert asked.info.network_config().num_classes == 2


def test_what_was_asked_for_is_not_told_of(tmp_path: Path) -> None:
    data = folders(tmp_path / "data", 5)
    told, folder = trained(data, tmp_path / "run", class_conditional=False)
    assert folder.info.network_config().num_classes is None
    assert not [line for line in told if "Training is" in line]


def test_one_folder_is_no_class(tmp_path: Path) -> None:
    told, folder = trained(folders(tmp_path / "data", 12, classes=1), tmp_path / "run")
    assert folder.info.network_config().num_classes is None
    assert not [line for line in told if "Training is" in line]


def test_without_label_dropout_there_is_nothing_to_guide_away_from(tmp_path: Path) -> None:
    _, folder = trained(folders(tmp_path / "data", 5), tmp_path / "run", label_dropout=0.0)
    assert folder.info.drawing == SamplingDefaults(guidance=1.0)


def test_pictures_of_other_classes_are_no_more_of_the_same(tmp_path: Path) -> None:
    """Resuming is refused for renamed class folders, which would change the classes' numbers."""
    data = folders(tmp_path / "data", 5)
    _, folder = trained(data, tmp_path / "run")
    (data / "class-0").rename(data / "first")
    (data / "class-1").rename(data / "class-0")
    more = QUICK.model_copy(update={"steps": 3})
    with pytest.raises(StudioError, match=r"knows a class 'class-1', where .* have 'first'"):
        finish(train([data], folder.path, more, PrepareOptions(), resume=True))
    assert folder.newest().step == 2
    # Fine-tuning matches classes by name.
    finish(train([data], tmp_path / "on", QUICK, PrepareOptions(), start_from=folder.path))
    assert known_classes(RunFolder.open(tmp_path / "on").info) == ("class-0", "first")


def test_what_has_learnt_classes_alone_is_seen_by_class_while_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    class Noted(Evaluator):
        def __init__(self, network: Any, device: Any, classes: Any, guidance: float) -> None:
            asked.append((classes, guidance))
            super().__init__(network, device, classes, guidance)

    monkeypatch.setattr(previews, "Evaluator", Noted)
    data, settings = folders(tmp_path / "data", 5), {"label_dropout": 0.0, "sample_count": 3}
    _, folder = trained(data, tmp_path / "run", **settings)
    assert asked == [([0, 1, 0], 1.0)] * 2
    # As written by an earlier version, which did not record this.
    old = folder.info.model_copy(update={"null_label": True, "drawing": None})
    (folder.path / "run.json").write_text(old.model_dump_json())
    more = QUICK.model_copy(update={"steps": 3})
    finish(train([], folder.path, more, PrepareOptions(), resume=True))
    assert asked == [([0, 1, 0], 1.0)] * 4


def drawn(of: Path, /, **asked: object) -> tuple[Pictures, dict[str, object]]:
    request = SampleRequest.model_validate(
        {"run": of, "count": 4, "steps": 2, "device": "cpu", **asked}
    )
    result = finish(sample(request, ModelStore()))[1]
    told = result.recipe["request"]
    assert isinstance(told, dict)
    return result.pictures, told


def test_samples_are_of_the_classes_in_turn_by_the_guidance_of_the_run(run: Path) -> None:
    pictures, told = drawn(run)
    assert (told["all_classes"], told["guidance"]) == (True, STRONG)
    for label in (0, 1):
        one, of_one = drawn(run, class_label=label)
        assert of_one["guidance"] == STRONG
        assert np.array_equal(one[label::2], pictures[label::2])
    stronger, told = drawn(run, guidance=90.0)
    assert (told["all_classes"], told["guidance"]) == (True, 90.0)
    assert not np.array_equal(stronger, pictures)


def test_guidance_falls_with_what_the_network_has_seen(run: Path) -> None:
    """Guidance is 2 after two minutes on two cores, and falls to 1 later, as more would harm."""
    info = RunFolder.open(run).info
    request = TrainRequest(preset="patches", batch_size=16, steps=100_000)
    info = info.model_copy(update={"request": request})
    assert default_guidance(info, 0) == default_guidance(info, 27_000 // 16) == 2.0
    assert default_guidance(info, 205_000 // 16) == 1.0
    between = [default_guidance(info, pictures // 16) for pictures in (50_000, 80_000, 140_000)]
    assert 2.0 > between[0] > between[1] > between[2] > 1.0
    # With larger batches, as many pictures are seen in fewer steps.
    twice = info.model_copy(update={"request": request.model_copy(update={"batch_size": 32})})
    assert default_guidance(twice, 80_000 // 32) == between[1]
    # Pictures seen before a change of batch size are counted by the earlier size.
    grown = {"batch_size": (16, 128)}
    told = {"batch_size": 128}, (SettingsChange(step=50_000 // 16, settings=grown),)
    later = info.model_copy(
        update={"request": request.model_copy(update=told[0]), "changes": told[1]}
    )
    assert default_guidance(later, 50_000 // 16) == between[0]
    assert default_guidance(later, 50_000 // 16 + 30_000 // 128) == between[1]
    # One fine-tuned from an import has that's network, whatever preset its request names.
    own = {"start_from": "/imported", "network": PatchUNetConfig(16, 16, 3, 32, (1, 2)).to_dict()}
    presets = (request.model_copy(update={"preset": name}) for name in ("patches", "ddpm32"))
    tuned = [info.model_copy(update={**own, "request": preset}) for preset in presets]
    assert [one.preset for one in tuned] == [None, None]
    assert len({default_guidance(one, 80_000 // 16) for one in tuned}) == 1
    # Guidance recorded in the run takes precedence.
    said = info.model_copy(update={"drawing": SamplingDefaults(guidance=3.0)})
    assert default_guidance(said, 205_000) == 3.0


def test_a_drawing_asked_for_again_is_the_same(run: Path) -> None:
    for asked in ({}, {"all_classes": False}, {"class_label": 1}):
        pictures, told = drawn(run, **asked)
        again, _ = drawn(run, **told)
        assert np.array_equal(again, pictures)
    without, told = drawn(run, class_label=None)
    assert "all_classes" not in told
    assert told["guidance"] == 1.0
    assert np.array_equal(without, drawn(run, all_classes=False)[0])


def test_moments_of_the_classes_in_turn_are_walked_in_step(run: Path) -> None:
    assert np.array_equal(drawn(run, frames=3)[0], drawn(run)[0])


def test_a_run_that_says_nothing_of_it_draws_as_ever(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "old")
    old = RunFolder.open(run).info.model_copy(update={"drawing": None})
    (tmp_path / "old" / "run.json").write_text(old.model_dump_json())
    pictures, told = drawn(tmp_path / "old")
    assert "all_classes" not in told
    assert told["guidance"] == 1.0
    assert np.array_equal(pictures, drawn(run, class_label=None)[0])


def test_an_evaluation_draws_by_the_guidance_of_the_run(run: Path) -> None:
    asked = EvaluateRequest(
        run=run, count=4, steps=2, device="cpu", features="pixels", metric="frechet", reference=8
    )
    result = finish(evaluate(asked, [], ModelStore()))[1]
    told = result.recipe["request"]
    assert isinstance(told, dict)
    assert told["guidance"] == STRONG
