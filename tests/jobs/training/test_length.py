"""Training length in epochs or minutes: it is converted to steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from ddpm_studio.engine import DiffusionProcess
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import train
from ddpm_studio.jobs.events import InfoNotice
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish


def _train(pictures: Path, run: Path, *, resume: bool = False, **changes: object) -> list[str]:
    request = REQUEST.model_copy(update={"sample_count": 0, **changes})
    events, _ = finish(train([pictures], run, request, PrepareOptions(), resume=resume))
    return [
        e.text for e in events if isinstance(e, InfoNotice) and not e.text.startswith("Only 10")
    ]


def _request(run: Path) -> TrainRequest:
    request = RunFolder.open(run).info.request
    assert request is not None
    return request


def test_epochs_are_steps(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    told = _train(pictures, run, epochs=1.5, accumulation=2)
    # 1.5 epochs are 15 pictures, of which a step sees eight.
    assert told == ["1.5 epochs of 10 pictures: the training takes 2 steps."]
    assert (_request(run).steps, _request(run).epochs) == (2, None)
    assert RunFolder.open(run).newest().step == 2
    # 16 are seen, 14 remain up to 30: four steps of four.
    told = _train(pictures, run, resume=True, epochs=3.0, accumulation=1)
    assert told[0] == "3 epochs of 10 pictures: the training takes 6 steps."
    assert RunFolder.open(run).newest().state()["pictures"] == 32
    with pytest.raises(StudioError, match=r"32 pictures already, 3\.2 epochs"):
        _train(pictures, run, resume=True, epochs=3.0)
    assert RunFolder.open(run).newest().step == 6


def test_one_epoch_is_told_of_as_one(pictures: Path, tmp_path: Path) -> None:
    (told,) = _train(pictures, tmp_path / "run", epochs=1.0)
    assert told == "1 epoch of 10 pictures: the training takes 3 steps."


def test_one_step_and_one_epoch_are_told_of_as_one(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    (told,) = _train(pictures, run, epochs=1.0, batch_size=10)
    assert told == "1 epoch of 10 pictures: the training takes 1 step."
    with pytest.raises(StudioError, match=r"10 pictures already, 1 epoch\."):
        _train(pictures, run, resume=True, epochs=1.0, batch_size=10)


def test_minutes_are_steps_from_the_speed_of_this_machine(pictures: Path, tmp_path: Path) -> None:
    timed, counted = tmp_path / "timed", tmp_path / "counted"
    told = _train(pictures, timed, minutes=0.02)
    steps = _request(timed).steps
    assert _request(timed).minutes is None
    assert told[0].startswith("0.02 minutes at ")
    # On a slow machine it may be a single step.
    assert told[0].removesuffix(".").removesuffix("s").endswith(f"takes {steps:,} step")
    assert RunFolder.open(timed).newest().step == steps
    # Measuring the speed has left no trace.
    _train(pictures, counted, steps=steps)
    one, other = (RunFolder.open(run).newest().load("model") for run in (timed, counted))
    assert all(bool((one[key] == other[key]).all()) for key in one)
    _train(pictures, timed, resume=True, minutes=0.01)
    assert RunFolder.open(timed).newest().step == _request(timed).steps > steps


def test_two_lengths_are_refused() -> None:
    with pytest.raises(ValidationError, match="in epochs or in minutes, not in both"):
        TrainRequest(epochs=1, minutes=1)


def test_the_speed_is_measured_in_smaller_pieces_where_the_memory_does_not_suffice(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = DiffusionProcess.predict

    def small(self: DiffusionProcess, model: Any, x_t: torch.Tensor, level: Any) -> torch.Tensor:
        if len(x_t) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return predict(self, model, x_t, level)

    monkeypatch.setattr(DiffusionProcess, "predict", small)
    run = tmp_path / "run"
    _train(pictures, run, minutes=0.01)
    assert RunFolder.open(run).newest().step == _request(run).steps

    # A run that goes on takes them too, even if the memory suffices for more by now.
    sizes: set[int] = set()

    def watched(self: DiffusionProcess, model: Any, x_t: torch.Tensor, level: Any) -> torch.Tensor:
        sizes.add(len(x_t))
        return predict(self, model, x_t, level)

    monkeypatch.setattr(DiffusionProcess, "predict", watched)
    request = REQUEST.model_copy(update={"sample_count": 0, "minutes": 0.01})
    events, _ = finish(train([pictures], run, request, PrepareOptions(), resume=True))
    assert sizes == {2}
    assert InfoNotice(
        "The memory did not suffice for 4 pictures at once: as before, 2 at once add up to the "
        "same batch."
    ) in [event for event in events if isinstance(event, InfoNotice)]
