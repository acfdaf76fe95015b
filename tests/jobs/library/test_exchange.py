from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, export_diffusers, import_model, measure_bits, sample, train
from ddpm_studio.jobs.events import DrawingResult, Progress
from ddpm_studio.requests import BitsRequest, PrepareOptions, SampleRequest
from ddpm_studio.runs import RunFolder
from tests import narrow
from tests.jobs.conftest import REQUEST, finish

SCHEDULER = Path("scheduler", "scheduler_config.json")


def test_a_model_that_does_not_clip_draws_measures_and_goes_out_so(
    run: Path, pictures: Path, tmp_path: Path
) -> None:
    finish(export_diffusers(run, tmp_path / "out"))
    told = json.loads((tmp_path / "out" / SCHEDULER).read_text())
    assert told["clip_sample"] is True
    (tmp_path / "out" / SCHEDULER).write_text(json.dumps({**told, "clip_sample": False}))
    finish(import_model(tmp_path / "out", tmp_path / "model"))

    def drawn(**asked: Any) -> DrawingResult:
        request = SampleRequest(run=tmp_path / "model", count=2, seed=3, device="cpu", **asked)
        result: DrawingResult = finish(sample(request, ModelStore()))[1]
        return result

    assert drawn().recipe["request"] == drawn(clip_x0=False).recipe["request"]
    assert np.array_equal(drawn().pictures, drawn(clip_x0=False).pictures)
    assert not np.array_equal(drawn().pictures, drawn(clip_x0=True).pictures)

    def bits(**asked: Any) -> float:
        request = BitsRequest(run=tmp_path / "model", count=1, device="cpu", **asked)
        total: float = finish(measure_bits(request, [pictures], ModelStore()))[1].total
        return total

    assert bits() == bits(clip_x0=False) != bits(clip_x0=True)
    finish(export_diffusers(tmp_path / "model", tmp_path / "again"))
    assert json.loads((tmp_path / "again" / SCHEDULER).read_text())["clip_sample"] is False
    # Clipping is not recorded, because it is the default: earlier versions can read such runs.
    process = json.loads((run / "run.json").read_text())["process"]
    assert "clip_x0" not in process


def test_no_class_that_was_never_learnt_does_not_go_out(class_folder: Path, tmp_path: Path) -> None:
    for dropout, rows in ((0.0, 2), (0.5, 3)):
        run, out = tmp_path / f"run{rows}", tmp_path / f"out{rows}"
        request = REQUEST.model_copy(
            update={"steps": 1, "class_conditional": True, "label_dropout": dropout}
        )
        with narrow.network():
            finish(train([class_folder], run, request, PrepareOptions()))
        finish(export_diffusers(run, out))
        told = json.loads((out / "unet" / "config.json").read_text())
        assert told["num_class_embeds"] == rows
        assert (out / "ddpm_studio.json").exists() == (dropout > 0)


def test_a_model_goes_out_and_comes_back_unchanged(run: Path, tmp_path: Path) -> None:
    finish(export_diffusers(run, tmp_path / "out"))
    finish(import_model(tmp_path / "out", tmp_path / "back"))
    there = RunFolder.open(run).newest().load("ema")
    back = RunFolder.open(tmp_path / "back").newest().load("ema")
    assert all(torch.equal(there[name], back[name]) for name in there)
    drawn = [
        finish(sample(SampleRequest(run=folder, count=2, seed=3), ModelStore()))[1].pictures
        for folder in (run, tmp_path / "back")
    ]
    assert np.array_equal(*drawn)


def test_an_imported_model_can_be_fine_tuned(run: Path, pictures: Path, tmp_path: Path) -> None:
    finish(export_diffusers(run, tmp_path / "out"))
    finish(import_model(tmp_path / "out", tmp_path / "model"))
    request = REQUEST.model_copy(update={"learning_rate": 1e-9, "dropout": 0.0})
    job = train(
        [pictures], tmp_path / "tuned", request, PrepareOptions(), start_from=tmp_path / "model"
    )
    finish(job)
    before = RunFolder.open(run).newest().load("ema")
    after = RunFolder.open(tmp_path / "tuned").newest().load("model")
    assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in before)


def test_an_imported_model_is_not_resumed(run: Path, tmp_path: Path) -> None:
    finish(export_diffusers(run, tmp_path / "out"))
    finish(import_model(tmp_path / "out", tmp_path / "model"))
    with pytest.raises(StudioError, match="not trained here"):
        finish(train([], tmp_path / "model", REQUEST, PrepareOptions(), resume=True))


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    job = import_model(tmp_path, tmp_path / "run")
    assert isinstance(next(job), Progress)
    with pytest.raises(StudioError, match="not a diffusers model"):
        finish(job)
    assert not (tmp_path / "run").exists()
