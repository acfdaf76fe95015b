"""Ready models whose training pictures are not on the machine: substitutes, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio import data
from ddpm_studio.data import samples
from ddpm_studio.data.samples import SampleSet
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, example_pictures, find_neighbours, measure_bits
from ddpm_studio.jobs.drawing.pictures import prepare_options
from ddpm_studio.jobs.events import Notice
from ddpm_studio.jobs.library.training_pictures import has_training_pictures
from ddpm_studio.requests import BitsRequest, NeighboursRequest, PrepareOptions
from ddpm_studio.runs import RunFolder
from tests import ready_models
from tests.jobs.conftest import finish


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An embedded sample set "others", which is not the toy model's training set."""
    folder = ready_models.class_pictures(tmp_path / "others")
    for k in range(3):
        Image.new("L", (16, 16), 90 + k).save(folder / "dark" / f"more{k}.png")
    one = SampleSet("others", "Others", folder, "Ours.", PrepareOptions())
    monkeypatch.setattr(samples, "sample_sets", lambda: [one])
    monkeypatch.setattr("ddpm_studio.jobs.library.training_pictures.sample_sets", lambda: [one])
    return folder


def named(model: Path, sample: str) -> Path:
    told = json.loads((model / "run.json").read_text())
    told["published"]["sample"] = sample
    (model / "run.json").write_text(json.dumps(told))
    return model


def test_the_set_that_goes_with_it_is_taken_and_told(ready: Path, shipped: Path) -> None:
    model = named(ready, "others")
    assert not has_training_pictures(RunFolder.open(model).info)
    options = prepare_options(RunFolder.open(model).info)
    expected = data.preview([shipped], options, 4).pictures
    np.testing.assert_array_equal(example_pictures(model, 4), expected)
    asked = BitsRequest(run=model, count=2, device="cpu", timesteps=5)
    events, measured = finish(measure_bits(asked, [], ModelStore()))
    told = [event.text for event in events if isinstance(event, Notice)]
    assert any("Others, which ships with the program, is taken instead" in text for text in told)
    named_so, _ = finish(measure_bits(asked, [shipped], ModelStore()))
    assert measured.recipe["data"] == finish(data.prepare([shipped], options))[1].fingerprint
    assert not [e for e in named_so if isinstance(e, Notice) and "instead" in e.text]


def test_without_one_it_shows_what_it_came_with(ready: Path) -> None:
    own = sorted((ready / "samples/gallery").glob("*.png"))
    pictures = example_pictures(ready, 3)
    expected = [np.asarray(Image.open(path))[..., None] for path in own[:3]]
    np.testing.assert_array_equal(pictures, expected)
    with pytest.raises(StudioError, match="are not on this machine: shades"):
        finish(measure_bits(BitsRequest(run=ready, count=2, device="cpu"), [], ModelStore()))
    # Memorisation can only be detected with the training pictures.
    with pytest.raises(StudioError, match="are not on this machine: shades"):
        finish(find_neighbours(NeighboursRequest(run=ready), pictures[0]))


def test_its_own_are_taken_once_they_are_there(
    ready: Path, shipped: Path, toy_pictures: Path
) -> None:
    """The training pictures are used once prepared here, recognised by their fingerprint."""
    model = named(ready, "others")
    info = RunFolder.open(model).info
    finish(data.prepare([toy_pictures], prepare_options(info)))
    assert has_training_pictures(info)
    found, _ = finish(
        find_neighbours(NeighboursRequest(run=model, count=2), example_pictures(model, 1)[0])
    )
    assert not [event for event in found if isinstance(event, Notice)]


def test_an_embedded_set_is_found_wherever_the_program_lies(
    ready: Path, shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = json.loads((ready / "run.json").read_text())
    told["data"]["sources"] = ["sample:others"]
    (ready / "run.json").write_text(json.dumps(told))
    assert has_training_pictures(RunFolder.open(ready).info)
    told["data"]["sources"] = ["sample:gone"]
    (ready / "run.json").write_text(json.dumps(told))
    assert not has_training_pictures(RunFolder.open(ready).info)
    assert len(example_pictures(ready, 2)) == 2
