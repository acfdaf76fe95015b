"""Python API: opening, fine-tuning and publishing ready models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ddpm_studio as ds
from ddpm_studio.errors import StudioError
from tests import ready_models
from tests.ready_models import ready, toy_packed, toy_pictures, toy_run

__all__ = ["ready", "toy_packed", "toy_pictures", "toy_run"]


def test_a_ready_model_is_opened_by_its_name(ready: Path) -> None:
    before = ready_models.contents(ready)
    run = ds.open("ready:toy", progress=False)
    assert run.path == ready
    first = run.sample(2, steps=2, device="cpu", class_label="dark")
    again = ds.open(ready, progress=False).sample(2, steps=2, device="cpu", class_label="dark")
    np.testing.assert_array_equal(first, again)
    with pytest.raises(StudioError, match="no ready model 'other'"):
        ds.open("ready:other")
    assert ready_models.contents(ready) == before


def test_it_is_fine_tuned(ready: Path, toy_pictures: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "steps": 1,
        "batch_size": 4,
        "sample_count": 0,
        "image_size": 16,
        "device": "cpu",
        "augmentation": 0.0,
    }
    own = tmp_path / "own"
    run = ds.train(toy_pictures, run=own, start_from="ready:toy", progress=False, **options)
    assert run.info.start_from == str(ready)
    assert run.info.network == ds.open(ready).info.network


def test_publish(toy_run: Path, tmp_path: Path) -> None:
    run = ds.open(toy_run, progress=False)
    made = run.publish(tmp_path / "made", title="Toy", license="mit", count=2)
    told = ds.open(made, progress=False).info.published
    assert told is not None
    assert (told.title, told.license, told.credits) == ("Toy", "mit", None)
    with pytest.raises(StudioError, match="title"):
        run.publish(tmp_path / "other", license="mit")
    with pytest.raises(TypeError, match="licence"):
        run.publish(tmp_path / "other", licence="mit")
