"""Model card: its contents, and its code, which draws what the run draws."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import DDPMPipeline
from huggingface_hub import ModelCard

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import export_diffusers, import_model, train
from ddpm_studio.jobs.events import Notice
from ddpm_studio.picture_shape import PictureShape
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish


def front_and_code(card: str) -> tuple[dict[str, Any], str]:
    code = re.search(r"```python\n(.*?)```", card, re.DOTALL)
    assert code
    return ModelCard(card).data.to_dict(), code[1]


def test_it_tells_recipe_data_steps_and_licence(run: Path, tmp_path: Path) -> None:
    events, _ = finish(export_diffusers(run, tmp_path / "pipe", license="cc-by-4.0"))
    assert not [event for event in events if isinstance(event, Notice)]
    card = (tmp_path / "pipe" / "README.md").read_text(encoding="utf-8")
    front, code = front_and_code(card)
    assert front["license"] == "cc-by-4.0"
    assert front["library_name"] == "diffusers"
    assert front["pipeline_tag"] == "unconditional-image-generation"
    assert "unconditional" in front["tags"]
    info = RunFolder.open(run).info
    assert info.data is not None
    for row in ("Steps | 4", "Pictures | 10", "Batch size | 4", "Noise schedule | linear"):
        assert f"| {row} |" in card
    assert str(PictureShape(16, 16, 3)) in card
    # Of this machine's paths, only the last components are given.
    assert Path(info.data.sources[0]).name in card
    assert str(Path(info.data.sources[0]).parent) not in card
    assert str(tmp_path) not in card

    code = code.replace('"pipe"', repr(str(tmp_path / "pipe")))
    space: dict[str, Any] = {}
    torch.manual_seed(3)
    exec(code, space)
    pipeline = DDPMPipeline.from_pretrained(tmp_path / "pipe")
    torch.manual_seed(3)
    again = pipeline(batch_size=4, num_inference_steps=20).images
    drawn = [np.asarray(picture) for picture in space["pictures"]]
    assert np.array_equal(drawn, [np.asarray(picture) for picture in again])


@pytest.mark.parametrize("channels", [2, 6])
def test_bands_are_drawn_as_arrays(channels: int, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 16, 16, channels), dtype=np.uint8)
    np.save(tmp_path / "bands.npy", pixels)
    request = REQUEST.model_copy(update={"steps": 1, "sample_count": 0})
    options = PrepareOptions(channels="bands")
    finish(train([tmp_path / "bands.npy"], tmp_path / "run", request, options))
    finish(export_diffusers(tmp_path / "run", tmp_path / "pipe"))
    card = (tmp_path / "pipe" / "README.md").read_text(encoding="utf-8")
    assert f"{channels} bands" in card
    space: dict[str, Any] = {}
    exec(front_and_code(card)[1].replace('"pipe"', repr(str(tmp_path / "pipe"))), space)
    assert isinstance(space["pictures"], np.ndarray)
    assert space["pictures"].shape == (4, 16, 16, channels)
    assert 0 <= space["pictures"].min() < space["pictures"].max() <= 1


@pytest.mark.parametrize("null_label", [True, False])
def test_a_class_conditional_one_says_how_it_is_called(
    null_label: bool, class_folder: Path, tmp_path: Path
) -> None:
    request = REQUEST.model_copy(update={"class_conditional": True, "steps": 1})
    finish(train([class_folder], tmp_path / "run", request, PrepareOptions()))
    finish(export_diffusers(tmp_path / "run", tmp_path / "pipe"))
    if not null_label:
        (tmp_path / "pipe" / "ddpm_studio.json").unlink()
        finish(import_model(tmp_path / "pipe", tmp_path / "foreign"))
        finish(export_diffusers(tmp_path / "foreign", tmp_path / "again"))
        finish(import_model(tmp_path / "again", tmp_path / "back"))
        first, last = (RunFolder.open(tmp_path / name) for name in ("foreign", "back"))
        assert first.info.network == last.info.network
        assert not last.info.null_label
        weights = [one.newest().load("ema") for one in (first, last)]
        assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    name = "pipe" if null_label else "again"
    events, _ = finish(export_diffusers(tmp_path / "run", tmp_path / "told"))
    assert ["passes no classes" in event.text for event in events if isinstance(event, Notice)]
    card = (tmp_path / name / "README.md").read_text(encoding="utf-8")
    front, code = front_and_code(card)
    assert front["license"] == "unknown"
    assert "class-conditional" in front["tags"]
    assert ("0. bright\n1. dark" if null_label else "0. 0\n1. 1\n2. 2") in card
    assert ("stands for no class" in card) == null_label
    assert ("guidance is not possible" in card) != null_label
    space: dict[str, Any] = {}
    exec(code.replace(f'"{name}"', repr(str(tmp_path / name))), space)
    assert space["pictures"].shape == (4, 1, 16, 16)
    assert bool(space["pictures"].isfinite().all())


@pytest.mark.parametrize("license", ["", "a b", "x: y", "-", "a\nb"])
def test_a_licence_is_a_word(license: str, run: Path, tmp_path: Path) -> None:
    with pytest.raises(StudioError, match="no name of a licence"):
        finish(export_diffusers(run, tmp_path / "pipe", license=license))
    assert not list(tmp_path.iterdir())
