"""Post-hoc EMA: averages stored while training, and one of another length made from them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from ddpm_studio.engine import Trainer
from ddpm_studio.engine.power_ema import PowerEMA
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import sample, train
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.events import Notice
from ddpm_studio.requests import PrepareOptions, SampleRequest
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.averages import average_snapshots
from tests.jobs.conftest import REQUEST, finish

STEPS, LENGTH = 40, 0.15
KEPT = REQUEST.model_copy(
    update={"steps": STEPS, "sample_count": 0, "warmup_steps": 0, "power_ema": True}
)


def test_an_average_of_another_length_is_the_one_that_would_have_been_tracked(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracked: list[PowerEMA] = []
    step = Trainer.step

    def watched(trainer: Trainer) -> object:
        if not tracked:
            tracked.append(PowerEMA(trainer.model, LENGTH))
        result = step(trainer)
        tracked[0].update(trainer.step_number)
        return result

    monkeypatch.setattr(Trainer, "step", watched)
    run = tmp_path / "run"
    finish(train([pictures], run, KEPT, PrepareOptions()))
    assert list(average_snapshots(run)) == list(range(2, STEPS + 1, 2))
    expected = tracked[0].tensors()
    made = ModelStore().get(run, "ema", "cpu", ema_length=LENGTH).network.state_dict()
    usual = ModelStore().get(run, "ema", "cpu").network.state_dict()

    def distance(weights: dict[str, torch.Tensor]) -> float:
        squares = [float((weights[k] - v).square().sum()) for k, v in expected.items()]
        return math.sqrt(sum(squares))

    # The remaining error is that of half precision: each weight's rounding, relatively ≤ 2⁻¹¹.
    size = distance({name: torch.zeros_like(value) for name, value in expected.items()})
    assert distance(made) < 2e-4 * size < 0.2 * distance(usual)
    request = SampleRequest(run=run, count=1, steps=2, device="cpu", ema_length=LENGTH)
    _, drawn = finish(sample(request, ModelStore()))
    _, other = finish(sample(request.model_copy(update={"ema_length": 0.05}), ModelStore()))
    assert drawn.pictures.shape == other.pictures.shape == (1, 16, 16, 3)
    assert not (drawn.pictures == other.pictures).all()


def test_a_run_that_goes_back_forgets_what_is_later(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    request = KEPT.model_copy(update={"steps": 4})
    finish(
        train([pictures], run, request.model_copy(update={"checkpoint_every": 2}), PrepareOptions())
    )
    before = {step: path.read_bytes() for step, path in average_snapshots(run).items()}
    assert list(before) == [1, 2, 3, 4]
    (run / "checkpoints/step-00000004/model.safetensors").unlink()
    job = train([], run, request, PrepareOptions(), resume=True)
    for event in job:
        if getattr(event, "text", "") == "Training":
            break
    job.close()
    assert list(average_snapshots(run)) == [1, 2]
    finish(train([], run, request, PrepareOptions(), resume=True))
    assert {step: path.read_bytes() for step, path in average_snapshots(run).items()} == before


def test_averages_that_can_not_be_saved_do_not_end_a_training(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ddpm_studio.jobs.training.snapshots.save_averages", full)
    request = KEPT.model_copy(update={"steps": 3})
    events, _ = finish(train([pictures], tmp_path / "run", request, PrepareOptions()))
    told = [
        event.text for event in events if isinstance(event, Notice) and "averages" in event.text
    ]
    assert told == [
        "The averages of step 1 can't be saved: No space left on device. Training goes on."
    ]


def test_what_was_not_kept_is_not_made(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    finish(train([pictures], run, KEPT.model_copy(update={"steps": 3}), PrepareOptions()))
    models = ModelStore()
    with pytest.raises(StudioError, match="Raw weights are no average"):
        models.get(run, "raw", "cpu", ema_length=0.1)
    average_snapshots(run)[2].write_bytes(b"nothing")
    with pytest.raises(StudioError, match=r"step-00000002\.safetensors can't be read"):
        models.get(run, "ema", "cpu", ema_length=0.1)
    plain = tmp_path / "plain"
    request = KEPT.model_copy(update={"steps": 1, "power_ema": False})
    finish(train([pictures], plain, request, PrepareOptions()))
    assert not RunFolder.open(plain).path.joinpath("averages").exists()
    with pytest.raises(StudioError, match="kept no averages"):
        models.get(plain, "ema", "cpu", ema_length=0.1)
