"""Checkpoint intervals in time, with a simulated clock."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from ddpm_studio.jobs import train
from ddpm_studio.jobs.events import CheckpointSaved, Progress
from ddpm_studio.jobs.training import saving
from ddpm_studio.requests import PrepareOptions
from tests.jobs.conftest import REQUEST

_SECONDS_A_STEP = 30.0


def saved_steps(
    pictures: Path, run: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> list[int]:
    """Train, with half a minute of simulated time per step; return the steps that were saved."""
    now = 0.0
    monkeypatch.setattr(saving, "time", SimpleNamespace(monotonic=lambda: now))
    request = REQUEST.model_copy(update={"steps": steps, "batch_size": 1, "sample_count": 0})
    saved, begun = [], -1
    resume = run.exists()
    for event in train([pictures], run, request, PrepareOptions(), resume=resume):
        if isinstance(event, Progress) and event.text == "Training":
            begun = event.done if begun < 0 else begun
            now = _SECONDS_A_STEP * (event.done - begun)
        elif isinstance(event, CheckpointSaved):
            saved.append(event.step)
    return saved


def test_the_first_is_saved_after_a_minute_and_then_one_each_five_minutes(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    assert saved_steps(pictures, run, 24, monkeypatch) == [2, 12, 22, 24]
    # A resumed run has something to lose from the start, but not much in a minute.
    assert saved_steps(pictures, run, 36, monkeypatch) == [34, 36]
