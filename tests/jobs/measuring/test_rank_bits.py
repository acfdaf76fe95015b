"""Bits/dim on two ranks: the figures are those of one process, picture by picture."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import psutil
import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import ModelStore, measure_bits
from ddpm_studio.jobs.events import BitsMeasured
from ddpm_studio.requests import BitsRequest
from tests.jobs.conftest import finish

TWO = "cpu,cpu"


@pytest.fixture
def own_run(run: Path, tmp_path: Path) -> Path:
    """A copy of the run, without measurements, to write to."""
    copy = tmp_path / "run"
    shutil.copytree(run, copy, ignore=shutil.ignore_patterns("bits"))
    return copy


def _measured(run: Path, devices: str | None) -> tuple[BitsMeasured, dict[str, Any]]:
    # A batch size that divides nothing evenly; all ten pictures, each with its flow likelihood.
    request = BitsRequest(run=run, device="cpu", count=10, batch=7, flow=True, seed=3)
    result = finish(measure_bits(request, (), ModelStore(), devices))[1]
    assert isinstance(result, BitsMeasured)
    [file] = (run / "bits").iterdir()
    kept = json.loads(file.read_text())
    shutil.rmtree(run / "bits")
    return result, kept


def test_the_figures_of_two_processes_are_those_of_one(own_run: Path) -> None:
    one, told = _measured(own_run, None)
    two, kept = _measured(own_run, TWO)
    assert two == one
    assert kept["bound"]["totals"] == told["bound"]["totals"]
    assert len(kept["bound"]["totals"]) == 10
    assert kept["flow"] == told["flow"]


def test_two_processes_go_on_with_what_one_has_begun(own_run: Path) -> None:
    request = BitsRequest(run=own_run, device="cpu", count=10, batch=7, seed=3)
    whole = finish(measure_bits(request, (), ModelStore()))[1]
    shutil.rmtree(own_run / "bits")
    job = measure_bits(request, (), ModelStore())
    while not isinstance(next(job), BitsMeasured):
        pass
    job.close()
    [file] = (own_run / "bits").iterdir()
    assert 0 < json.loads(file.read_text())["bound"]["done"] < 200
    assert finish(measure_bits(request, (), ModelStore(), TWO))[1] == whole
    # A complete result is not measured again.
    assert finish(measure_bits(request, (), ModelStore(), TWO))[1] == whole


def test_a_process_that_is_killed_is_told_of_and_what_was_measured_is_kept(own_run: Path) -> None:
    request = BitsRequest(run=own_run, device="cpu", count=10, batch=1, seed=3)
    job = measure_bits(request, (), ModelStore(), TWO)
    while not psutil.Process().children():
        next(job)
    [other] = psutil.Process().children()
    other.kill()
    with pytest.raises(StudioError, match=r"Rank 1 \(process \d+\) was ended by SIGKILL"):
        finish(job)
    [file] = (own_run / "bits").iterdir()
    assert json.loads(file.read_text())["bound"]["done"] > 0
