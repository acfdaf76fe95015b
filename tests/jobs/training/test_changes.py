"""Resuming with other settings: which may change, how it is reported and recorded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ddpm_studio.jobs import train
from ddpm_studio.jobs.events import InfoNotice, TrainStep
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish


def _train(
    pictures: Path, run: Path, request: TrainRequest, resume: bool = False
) -> tuple[list[TrainStep], list[str]]:
    events, _ = finish(train([pictures], run, request, PrepareOptions(), resume=resume))
    steps = [event for event in events if isinstance(event, TrainStep)]
    return steps, [
        e.text for e in events if isinstance(e, InfoNotice) and not e.text.startswith("Only 10")
    ]


PLAIN = REQUEST.model_copy(update={"sample_count": 0, "warmup_steps": 0})


def test_rate_and_batch_change_and_the_record_tells_of_it(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    _train(pictures, run, PLAIN)
    wanted = TrainRequest(
        steps=6, learning_rate=5e-5, batch_size=2, accumulation=3, seed=99, device="cpu"
    )
    steps, told = _train(pictures, run, wanted, resume=True)
    assert told == [
        "From step 5 on: batch size 4 → 2, accumulation 1 → 3, learning rate 0.0002 → 5e-05."
    ]
    assert [step.lr for step in steps] == [5e-5, 5e-5]
    info = RunFolder.open(run).info
    assert info.request is not None
    # All other settings are those of the run.
    changed = {"steps": 6, "learning_rate": 5e-5, "batch_size": 2, "accumulation": 3}
    found = {"precision": info.request.precision, "class_conditional": False}
    assert info.request == PLAIN.model_copy(update={**changed, **found})
    [noted] = info.changes
    assert noted.step == 4
    assert noted.settings == {
        "steps": (4, 6),
        "learning_rate": (2e-4, 5e-5),
        "batch_size": (4, 2),
        "accumulation": (1, 3),
    }
    assert RunFolder.open(run).newest().state()["pictures"] == 4 * 4 + 2 * 6
    lines = [json.loads(line) for line in (run / "metrics.jsonl").open()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4, 5, 6]


def test_a_changed_run_broken_off_equals_one_that_was_not(pictures: Path, tmp_path: Path) -> None:
    """The order of pictures continues from the number seen, whatever the batch sizes were."""
    through, halves = tmp_path / "through", tmp_path / "halves"
    for run, ends in ((through, (7,)), (halves, (6, 7))):
        _train(pictures, run, PLAIN)
        for end in ends:
            request = PLAIN.model_copy(update={"batch_size": 3, "steps": end})
            _train(pictures, run, request, resume=True)
    for part in ("model", "ema", "optimizer"):
        one, other = (
            (run / f"checkpoints/step-00000007/{part}.safetensors").read_bytes()
            for run in (through, halves)
        )
        assert one == other
    assert [c.step for c in RunFolder.open(halves).info.changes] == [4, 6]


def test_a_run_of_0_1_0_goes_on_in_its_order_whatever_the_batch(
    pictures: Path, tmp_path: Path
) -> None:
    """Checkpoints of 0.1.0 do not contain the number of pictures seen."""
    runs = (tmp_path / "now", tmp_path / "then")
    for run in runs:
        _train(pictures, run, PLAIN)
        if run.name == "then":
            file = run / "checkpoints/step-00000004/state.json"
            state = json.loads(file.read_text())
            assert state.pop("pictures") == 16
            file.write_text(json.dumps(state))
        for steps in (5, 6):
            request = PLAIN.model_copy(update={"batch_size": 3, "steps": steps})
            _train(pictures, run, request, resume=True)
    now, then = (RunFolder.open(run).newest() for run in runs)
    assert then.state()["pictures"] == 22
    weights = now.load("model")
    assert all(bool((then.load("model")[key] == weights[key]).all()) for key in weights)


@pytest.mark.parametrize("schedule", ["constant", "linear"])
def test_another_length_is_told_where_the_rate_falls_towards_it(
    schedule: str, pictures: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    request = PLAIN.model_copy(update={"learning_rate_schedule": schedule})
    steps, _ = _train(pictures, run, request)
    if schedule == "linear":
        assert [step.lr for step in steps] == pytest.approx([2e-4, 1.5e-4, 1e-4, 0.5e-4])
    longer = request.model_copy(update={"steps": 8})
    steps, told = _train(pictures, run, longer, resume=True)
    if schedule == "constant":
        assert told == []
        return
    assert told == [
        "With more steps the learning rate falls later: training goes on at 0.0001, and the "
        "fall ends at step 8, no longer at step 4."
    ]
    assert [step.lr for step in steps] == pytest.approx([1e-4, 0.75e-4, 0.5e-4, 0.25e-4])


def test_the_rate_of_another_schedule_is_told(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    _train(pictures, run, PLAIN)
    falling = PLAIN.model_copy(update={"learning_rate_schedule": "linear", "steps": 8})
    _, told = _train(pictures, run, falling, resume=True)
    assert told == [
        "From step 5 on: learning-rate schedule constant → linear.",
        "At step 5 the learning rate is 0.0001; by the schedule of before it would have been "
        "0.0002.",
    ]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_each_optimiser_resumes_bit_for_bit(optimizer: str, pictures: Path, tmp_path: Path) -> None:
    request = PLAIN.model_copy(
        update={"optimizer": optimizer, "learning_rate_schedule": "wsd", "power_ema": True}
    )
    through, halves = tmp_path / "through", tmp_path / "halves"
    _train(pictures, through, request)
    job = train([pictures], halves, request, PrepareOptions())
    for event in job:
        if getattr(event, "done", 0) == 2 and getattr(event, "text", "") == "Training":
            break
    job.close()
    assert RunFolder.open(halves).newest().step == 2
    _train(pictures, halves, request, resume=True)
    for part in ("model", "ema", "optimizer", "averages"):
        one, other = (
            (run / f"checkpoints/step-00000004/{part}.safetensors").read_bytes()
            for run in (through, halves)
        )
        assert one == other, part
