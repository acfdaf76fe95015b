from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, export_diffusers, import_model, sample, train
from ddpm_studio.jobs.events import Progress
from ddpm_studio.requests import PrepareOptions, SampleRequest
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish


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
