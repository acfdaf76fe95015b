"""Sampling on two ranks: the pictures are those of one process."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
import pytest

from ddpm_studio.engine.generators import finish
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, sample, sample_to_file
from ddpm_studio.requests import SampleRequest

TWO = "cpu,cpu"


def _request(run: Path, count: int, **more: object) -> SampleRequest:
    return SampleRequest(run=run, count=count, sampler="ddim", steps=2, device="cpu", **more)


def test_a_thousand_pictures_of_two_processes_are_those_of_one(run: Path, tmp_path: Path) -> None:
    request = _request(run, 1000, seed=3)
    one = finish(sample(request, ModelStore()))
    finish(sample_to_file(request, tmp_path / "two.npz", ModelStore(), devices=TWO))
    with np.load(tmp_path / "two.npz") as file:
        assert np.array_equal(file["arr_0"], one.pictures)


def test_a_process_that_is_killed_is_told_of(run: Path) -> None:
    job = sample(_request(run, 2000, seed=3), ModelStore(), TWO)
    next(job)
    [other] = psutil.Process().children()
    other.kill()
    with pytest.raises(StudioError, match=r"Rank 1 \(process \d+\) was ended by SIGKILL"):
        finish(job)


def test_devices_are_checked(run: Path) -> None:
    with pytest.raises(StudioError, match="numbers of GPUs as 0,1,2,3, or all, or cpu,cpu"):
        finish(sample(_request(run, 2), ModelStore(), "tpu"))
