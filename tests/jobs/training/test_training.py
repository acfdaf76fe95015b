from __future__ import annotations

import json
import math
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.engine import tables
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import train
from ddpm_studio.jobs.events import (
    CheckpointSaved,
    Notice,
    Progress,
    RunStarted,
    SampleGrid,
    TrainStep,
    TrainTick,
)
from ddpm_studio.jobs.job_clock import stepping
from ddpm_studio.jobs.library.covers import run_cover
from ddpm_studio.jobs.library.run_summary import describe_run
from ddpm_studio.jobs.machine.device import choose_precision
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish

WEIGHTS = ("model", "ema", "optimizer")


def _train(pictures: Path, run: Path, *, resume: bool = False, **changes: object) -> list[object]:
    request = REQUEST.model_copy(update=changes)
    return finish(train([pictures], run, request, PrepareOptions(), resume=resume))[0]


def _files(run: Path, step: int) -> dict[str, bytes]:
    folder = run / "checkpoints" / f"step-{step:08d}"
    return {part: (folder / f"{part}.safetensors").read_bytes() for part in WEIGHTS}


def test_a_run_folder_holds_what_was_promised(pictures: Path, tmp_path: Path) -> None:
    events = _train(pictures, tmp_path / "run")
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").open()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert all(math.isfinite(line["loss"]) for line in lines)
    assert lines[0]["loss"] == pytest.approx(1, abs=0.15), "the network starts as zero"
    assert set(_files(tmp_path / "run", 4)) == set(WEIGHTS)
    assert [e.step for e in events if isinstance(e, TrainStep)] == [1, 2, 3, 4]
    steps = [e.done for e in events if isinstance(e, Progress) and e.text == "Training"]
    assert steps == [0, 1, 2, 3, 4]
    grids = [e for e in events if isinstance(e, SampleGrid)]
    assert grids[-1].ema.shape == grids[-1].raw.shape == (2, 16, 16, 3)
    assert [e.step for e in events if isinstance(e, CheckpointSaved)] == [4]
    info = RunFolder.open(tmp_path / "run").info
    chosen = choose_precision("auto", torch.device("cpu"))
    # Recorded: the precision that "auto" has become, and the present meaning of tiny.
    told = {"precision": chosen, "warmup_steps": 50, "class_conditional": False}
    assert info.request == REQUEST.model_copy(update=told)
    assert info.data is not None
    assert info.data.count == 10


def test_what_is_told_of_a_start_does_not_pass_the_reading_off_as_steps(
    pictures: Path, tmp_path: Path
) -> None:
    events = _train(pictures, tmp_path / "run")
    start = next(k for k, e in enumerate(events) if isinstance(e, RunStarted))
    assert events[start - 1] == Progress(0, REQUEST.steps, "Training")


@pytest.mark.parametrize(("batch", "told"), [(10, False), (25, True)])
def test_a_batch_larger_than_the_set_is_pointed_out(
    pictures: Path, tmp_path: Path, batch: int, told: bool
) -> None:
    events = _train(pictures, tmp_path / "run", batch_size=batch, steps=1)
    notices = [e.text for e in events if isinstance(e, Notice)]
    assert any("every picture 2.5 times" in text for text in notices) == told


def test_the_loss_of_a_killed_run_is_that_of_its_saved_step(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    _train(pictures, run)
    with (run / "metrics.jsonl").open("a") as metrics:
        metrics.write('{"step":5,"loss":77.0}\n')
    kept = json.loads((run / "metrics.jsonl").read_text().splitlines()[3])
    summary = describe_run(run)
    assert (summary.step, summary.last_loss) == (4, kept["loss"])


def test_a_run_whose_newest_checkpoint_is_damaged_is_described(
    pictures: Path, tmp_path: Path
) -> None:
    _train(pictures, tmp_path / "run")
    (tmp_path / "run/checkpoints/step-00000004/state.json").write_text("{")
    summary = describe_run(tmp_path / "run")
    assert (summary.step, summary.last_loss) == (4, None)


def test_a_resumed_run_equals_the_uninterrupted_one_bit_for_bit(
    pictures: Path, tmp_path: Path
) -> None:
    _train(pictures, tmp_path / "through", steps=6)
    _train(pictures, tmp_path / "halves", steps=3)
    _train(pictures, tmp_path / "halves", steps=6, resume=True)
    assert _files(tmp_path / "through", 6) == _files(tmp_path / "halves", 6)
    lines = [json.loads(line) for line in (tmp_path / "halves/metrics.jsonl").open()]
    assert [line["step"] for line in lines] == list(range(1, 7))


def test_a_longer_plan_is_remembered(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    _train(pictures, run, steps=2)
    job = train([], run, REQUEST.model_copy(update={"steps": 9}), PrepareOptions(), resume=True)
    for event in job:
        if isinstance(event, Progress) and event.text == "Training" and event.done == 4:
            break
    job.close()
    summary = describe_run(run)
    assert (summary.step, summary.steps) == (4, 9)
    assert run_cover(run, 1).total == 9


def test_closing_saves_the_steps_taken(pictures: Path, tmp_path: Path) -> None:
    job = train([pictures], tmp_path / "run", REQUEST, PrepareOptions())
    for event in job:
        if isinstance(event, Progress) and event.text == "Training" and event.done == 2:
            break
    job.close()
    assert [c.step for c in RunFolder.open(tmp_path / "run").checkpoints()] == [2]
    _train(pictures, tmp_path / "run", resume=True)
    _train(pictures, tmp_path / "through")
    assert _files(tmp_path / "run", 4) == _files(tmp_path / "through", 4)


def test_a_pause_is_no_time_of_the_training(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day's pause before the first tick, and one after each, leave the speed as it is."""
    now, paused = time.monotonic(), 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    run = tmp_path / "run"
    request = REQUEST.model_copy(update={"steps": 12, "sample_count": 0})
    job = train([pictures], run, request, PrepareOptions())
    ticks: list[TrainTick] = []
    ended = False
    while not ended:
        with stepping(paused):
            event = next(job, None)
        ended = event is None
        if isinstance(event, TrainTick):
            ticks.append(event)
        if isinstance(event, TrainTick | RunStarted):
            now, paused = now + 86_400, paused + 86_400
        elif isinstance(event, Progress) and event.text == "Training":
            now += 0.25
    # A step of four pictures takes a quarter of a second, and so does the start.
    assert len(ticks) > 4
    assert all(7.9 < tick.images_per_second < 16.1 for tick in ticks)
    assert all(tick.seconds_left < 6 for tick in ticks)


def test_resume_passes_over_a_damaged_checkpoint(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    _train(pictures, run, checkpoint_every=2)
    model = run / "checkpoints/step-00000004/model.safetensors"
    model.write_bytes(model.read_bytes()[:-100])
    events = _train(pictures, run, steps=5, resume=True)
    assert any(isinstance(e, Notice) and "Step 4 is passed over" in e.text for e in events)
    through = tmp_path / "through"
    _train(pictures, through, steps=5, checkpoint_every=2)
    assert _files(run, 5) == _files(through, 5)


def test_resume_tells_of_changed_pictures(pictures: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(pictures, own)
    _train(own, tmp_path / "run")
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(own / "new.png")
    events = _train(own, tmp_path / "run", steps=5, resume=True)
    assert any(isinstance(e, Notice) and "changed" in e.text for e in events)


def test_a_single_picture_trains_with_a_warning(pictures: Path, tmp_path: Path) -> None:
    events = _train(pictures / "0.png", tmp_path / "run")
    assert any(isinstance(e, Notice) and "memor" in e.text for e in events)


@pytest.mark.parametrize("part", ["run.json", "run.json.cut"])
def test_what_is_no_run_is_refused(tmp_path: Path, part: str) -> None:
    if part.endswith("cut"):
        (tmp_path / "run.json").write_text('{"format_version": 1, "netw')
    with pytest.raises(StudioError):
        finish(train([], tmp_path, REQUEST, PrepareOptions(), resume=True))


def test_a_size_that_the_network_cannot_take_is_refused(pictures: Path, tmp_path: Path) -> None:
    job = train([pictures], tmp_path / "run", REQUEST, PrepareOptions(image_size=18))
    with pytest.raises(StudioError, match="18 px"):
        finish(job)
    assert not (tmp_path / "run").exists()


def test_a_run_is_not_overwritten(pictures: Path, tmp_path: Path) -> None:
    _train(pictures, tmp_path / "run")
    before = _files(tmp_path / "run", 4)
    with pytest.raises(StudioError, match="holds a run already"):
        _train(pictures, tmp_path / "run")
    assert _files(tmp_path / "run", 4) == before


def test_two_writers_are_kept_apart(pictures: Path, tmp_path: Path) -> None:
    job = train([pictures], tmp_path / "run", REQUEST, PrepareOptions())
    for event in job:
        if isinstance(event, Progress) and event.text == "Training":
            break
    with pytest.raises(StudioError, match="being trained"):
        _train(pictures, tmp_path / "run", resume=True)
    job.close()


def test_the_requests_choices_are_the_engines() -> None:
    fields = TrainRequest.model_fields
    for field, engine in (
        ("schedule", tables.SCHEDULES),
        ("parameterization", tables.PARAMETERIZATIONS),
        ("variance", tables.VARIANCES),
        ("loss", tables.LOSSES),
        ("timestep_sampling", tables.TIMESTEP_SAMPLING),
    ):
        assert {choice.value for choice in choices_of(fields[field])} == set(engine), field


def test_classes_and_a_learned_variance_train_and_resume(
    class_folder: Path, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {
        "class_conditional": True,
        "variance": "learned_range",
        "loss": "hybrid",
        "timestep_sampling": "loss_second_moment",
        "warmup_steps": 1,
    }
    _train(class_folder, tmp_path / "through", steps=4, **changes)
    _train(class_folder, tmp_path / "halves", steps=2, **changes)
    _train(class_folder, tmp_path / "halves", steps=4, resume=True)
    assert _files(tmp_path / "through", 4) == _files(tmp_path / "halves", 4)
    info = RunFolder.open(tmp_path / "through").info
    assert info.network_config().num_classes == 2
    assert info.process.variance == "learned_range"


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"class_conditional": True}, "no labels"),
        ({"variance": "learned_range"}, "do not go together"),
        ({"loss": "hybrid"}, "do not go together"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_written(
    pictures: Path, tmp_path: Path, changes: dict[str, Any], match: str
) -> None:
    with pytest.raises(StudioError, match=match):
        _train(pictures, tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()


def test_requests_refuse_unknown_fields() -> None:
    with pytest.raises(ValueError, match="stepps"):
        TrainRequest.model_validate({"stepps": 3})
