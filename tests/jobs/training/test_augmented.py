"""Trainings with augmentation: recorded, resumed, fine-tuned, distilled and exported."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import torch

from ddpm_studio.jobs import ModelStore, distill, export_diffusers, import_model, sample, train
from ddpm_studio.requests import DistillRequest, PrepareOptions, SampleRequest
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish

AUGMENTED = REQUEST.model_copy(update={"augmentation": 0.5})
WEIGHT = "augmentation.weight"


@pytest.fixture(scope="module")
def told(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "told"
    finish(train([pictures], folder, AUGMENTED, PrepareOptions()))
    return folder


def weights(run: Path, kind: Literal["model", "ema"] = "model") -> dict[str, torch.Tensor]:
    return RunFolder.open(run).newest().load(kind)


def drawn(run: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    request = SampleRequest(run=run, count=2, steps=3, sampler="ddim", device="cpu", seed=1)
    return np.asarray(finish(sample(request, ModelStore()))[1].pictures)


def test_it_is_recorded_where_there_is_some_and_nowhere_else(told: Path, run: Path) -> None:
    info = RunFolder.open(told).info
    assert info.request is not None
    assert info.request.augmentation == 0.5
    assert info.network_config().augmented
    assert weights(told)[WEIGHT].any()
    assert "augmented" not in (run / "run.json").read_text()
    assert WEIGHT not in weights(run)


def test_it_changes_what_is_learnt_and_is_the_same_when_resumed(
    told: Path, run: Path, pictures: Path, tmp_path: Path
) -> None:
    half = AUGMENTED.model_copy(update={"steps": 2})
    finish(train([pictures], tmp_path / "run", half, PrepareOptions()))
    finish(train([], tmp_path / "run", AUGMENTED, PrepareOptions(), resume=True))
    through, again = weights(told), weights(tmp_path / "run")
    assert through.keys() == again.keys()
    assert all(torch.equal(again[key], weight) for key, weight in through.items())
    plain = weights(run)
    assert plain.keys() == through.keys() - {WEIGHT}
    assert not torch.equal(plain["conv_in.weight"], through["conv_in.weight"])


@pytest.mark.parametrize("more", [True, False])
def test_fine_tuning_begins_with_all_else(
    told: Path, run: Path, pictures: Path, tmp_path: Path, more: bool
) -> None:
    base = run if more else told
    # A step that hardly changes the weights.
    request = (AUGMENTED if more else REQUEST).model_copy(
        update={"steps": 1, "learning_rate": 1e-12, "ema_decay": 0.0}
    )
    finish(train([pictures], tmp_path / "tuned", request, PrepareOptions(), start_from=base))
    info = RunFolder.open(tmp_path / "tuned").info
    assert info.network_config().augmented == more
    old, new = weights(base, "ema"), weights(tmp_path / "tuned", "ema")
    assert (WEIGHT in new) == more
    for key in new.keys() - {WEIGHT}:
        torch.testing.assert_close(new[key], old[key], msg=key)


def test_a_student_is_told_as_its_teacher_was(told: Path, tmp_path: Path) -> None:
    request = DistillRequest(run=told, steps=2, batch_size=4, sample_count=0, device="cpu")
    finish(distill(request, tmp_path / "student"))
    info = RunFolder.open(tmp_path / "student").info
    assert info.request is not None
    assert info.request.augmentation == 0.5
    before, after = weights(told, "ema")[WEIGHT], weights(tmp_path / "student")[WEIGHT]
    assert not torch.equal(before, after)


def test_another_program_gets_the_network_that_is_told_nothing(told: Path, tmp_path: Path) -> None:
    finish(export_diffusers(told, tmp_path / "pipeline"))
    finish(import_model(tmp_path / "pipeline", tmp_path / "back"))
    assert WEIGHT not in weights(tmp_path / "back", "ema")
    np.testing.assert_array_equal(drawn(tmp_path / "back"), drawn(told))
