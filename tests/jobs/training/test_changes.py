"""Resuming with other settings: which may change, how it is reported and recorded."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import describe_run, train
from ddpm_studio.jobs.drawing.recipes import run_id
from ddpm_studio.jobs.events import InfoNotice, Notice, TrainStep
from ddpm_studio.jobs.library.training_pictures import prepare_given_pictures
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


def _resume(run: Path, steps: int, *sources: Path) -> list[str]:
    """Train a run further; return its notices."""
    request = PLAIN.model_copy(update={"steps": steps})
    events, _ = finish(train(sources, run, request, PrepareOptions(), resume=True))
    return [event.text for event in events if isinstance(event, Notice)]


def _content(run: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run / "run.json").read_text())
    return content


CHANGED = "The pictures have changed since it was last trained; training goes on with them."


def test_pictures_that_were_added_are_recorded(pictures: Path, tmp_path: Path) -> None:
    run, folder = tmp_path / "run", tmp_path / "pictures"
    shutil.copytree(pictures, folder)
    _train(folder, run, PLAIN)
    begun = _content(run)
    assert "resumed_data" not in begun
    assert CHANGED not in _resume(run, 5)
    assert "resumed_data" not in _content(run)
    for k in range(2):
        Image.fromarray(np.full((16, 16, 3), 90 * k, np.uint8)).save(folder / f"new {k}.png")
    assert CHANGED in _resume(run, 6)
    grown = _content(run)
    assert grown["resumed_data"]["count"] == 12
    assert grown["resumed_data"]["sources"] == begun["data"]["sources"]
    assert [change.get("pictures") for change in grown["changes"]] == [None, [10, 12]]
    assert describe_run(run).pictures == 12
    # Drawings find their run by the pictures that it was begun with.
    assert grown["data"] == begun["data"]
    assert run_id(grown) == run_id(begun)
    assert CHANGED not in _resume(run, 7)
    assert _content(run)["resumed_data"] == grown["resumed_data"]


def test_a_run_goes_on_with_the_pictures_that_were_named_last(
    pictures: Path, tmp_path: Path
) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    other.mkdir()
    for k in range(6):
        Image.fromarray(np.full((16, 16, 3), 40 * k, np.uint8)).save(other / f"{k}.png")
    _train(pictures, run, PLAIN)
    assert CHANGED in _resume(run, 5, other)
    assert CHANGED not in _resume(run, 6)
    summary = describe_run(run)
    assert (summary.sources, summary.pictures) == ((str(other.resolve()),), 6)
    # Back to the first ones; then the same pictures at another place, which are no others.
    assert CHANGED in _resume(run, 7, pictures)
    moved = tmp_path / "moved"
    shutil.copytree(pictures, moved)
    assert CHANGED not in _resume(run, 8, moved)
    assert describe_run(run).sources == (str(moved.resolve()),)
    counts = [change.pictures for change in RunFolder.open(run).info.changes]
    assert counts == [(10, 6), None, (6, 10), None]


def _scans(folder: Path, **highest: int) -> None:
    folder.mkdir(exist_ok=True)
    for name, high in highest.items():
        values = np.linspace(0, high, 256).reshape(16, 16).astype(np.uint16)
        Image.fromarray(values).save(folder / f"{name}.png")


def test_a_resumed_run_reads_values_in_the_range_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scans as bright as 12 bits allow, then darker ones alone, then ones of 16 bits."""
    run, folder = tmp_path / "run", tmp_path / "scans"
    _scans(folder, a=4000, b=900, c=700)
    _train(folder, run, PLAIN)
    begun = _content(run)["data"]
    # The pictures are the same also where they are prepared anew.
    monkeypatch.setenv("DDPM_STUDIO_CACHE", str(tmp_path / "cache"))
    assert CHANGED not in _resume(run, 5)
    (folder / "a.png").unlink()
    notices = _resume(run, 6)
    assert CHANGED in notices
    assert not any("go beyond" in line for line in notices)
    resumed = _content(run)["resumed_data"]
    assert resumed["ranges"] == begun["ranges"] == "uint16=0..4095"
    assert resumed["options"] == begun["options"]
    dataset = finish(prepare_given_pictures(RunFolder.open(run).info, [folder]))[1]
    assert dataset.images[0].max() == round(900 * 255 / 4095)
    _scans(folder, b=100)
    dataset = finish(prepare_given_pictures(RunFolder.open(run).info, [folder]))[1]
    assert dataset.images[0].max() == round(100 * 255 / 4095)
    _scans(folder, d=60000)
    assert sum("go beyond 0..4095" in line for line in _resume(run, 7)) == 1
    assert _content(run)["resumed_data"]["ranges"] == "uint16=0..65535"


def test_a_record_that_could_not_be_read_again_is_not_written(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    _train(pictures, run, PLAIN)
    before = (run / "run.json").read_bytes()
    monkeypatch.setattr("ddpm_studio.runs.folder.MAX_NEW_BYTES", len(before) + 100)
    with pytest.raises(StudioError, match=r"too long to be read again: .* 9 sources"):
        _resume(run, 5, *(pictures / f"{k}.png" for k in range(9)))
    assert (run / "run.json").read_bytes() == before
