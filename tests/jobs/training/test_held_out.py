"""Held-out pictures: never trained on, measured without side effects, logged in metrics.jsonl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    Trainer,
    TrainingConfig,
    UNet,
    UNetConfig,
    derive_seed,
)
from ddpm_studio.engine.batches import Batches
from ddpm_studio.engine.generators import finish as run_to_end
from ddpm_studio.engine.pixels import to_model
from ddpm_studio.jobs import ModelStore, evaluate, train
from ddpm_studio.jobs.events import HeldOutMeasured, Notice
from ddpm_studio.jobs.library.history import read_run_update
from ddpm_studio.jobs.training import held_out
from ddpm_studio.metrics.held_out import content_hashes
from ddpm_studio.requests import EvaluateRequest, PrepareOptions, TrainRequest
from ddpm_studio.runs import RunFolder, metrics
from tests.jobs.conftest import REQUEST, finish

HELD = REQUEST.model_copy(update={"sample_count": 0, "held_out": 0.4, "steps": 3})


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """Forty RGB pictures of noise in one .npy file."""
    pictures = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 3), dtype=np.uint8)
    np.save(tmp_path / "noise.npy", pictures)
    return tmp_path / "noise.npy"


@pytest.fixture
def each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every step measure the held-out loss."""
    monkeypatch.setattr(held_out, "_FIRST_SECONDS", 0.0)
    monkeypatch.setattr(held_out, "_SHARE", 1e9)


def measured(events: list[Any]) -> list[HeldOutMeasured]:
    return [event for event in events if isinstance(event, HeldOutMeasured)]


def held_rows(file: Path, share: float) -> np.ndarray:
    hashes = run_to_end(content_hashes(np.load(file)))
    return np.flatnonzero(hashes.astype(float) < share * 2.0**64)


def test_held_out_pictures_are_never_trained_on(
    noise: Path, tmp_path: Path, each_step: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[np.ndarray] = []
    pictures = Batches.pictures

    def watched(batches: Batches, rows: Any, *rest: Any) -> Any:
        seen.append(batches.images[rows])
        return pictures(batches, rows, *rest)

    monkeypatch.setattr(Batches, "pictures", watched)
    request = HELD.model_copy(update={"steps": 12})
    events, _ = finish(train([noise], tmp_path / "run", request, PrepareOptions()))
    held = held_rows(noise, 0.4)
    assert 8 < len(held) < 24
    told = [event.text for event in events if isinstance(event, Notice)]
    assert (
        f"{len(held)} of 40 pictures are held out; the other {40 - len(held)} are trained on."
        in told
    )
    trained = {picture.tobytes() for batch in seen for picture in batch}
    everything = np.load(noise)
    assert trained == {
        everything[row].tobytes() for row in range(40) if row not in set(held.tolist())
    }


def test_figures_are_told_in_the_metrics_and_to_the_window(
    noise: Path, tmp_path: Path, each_step: None
) -> None:
    run = tmp_path / "run"
    events, _ = finish(train([noise], run, HELD, PrepareOptions()))
    found = measured(events)
    assert [one.step for one in found] == [1, 2, 3]
    count = len(held_rows(noise, 0.4))
    assert {(one.pictures, one.timesteps) for one in found} == {(count, 10)}
    lines = [line for line in metrics.read(run / "metrics.jsonl") if "held_out_loss" in line]
    assert [line["step"] for line in lines] == [1, 2, 3]
    assert [line["held_out_loss"] for line in lines] == [one.loss for one in found]
    assert [line["held_out_bits"] for line in lines] == [one.bits for one in found]
    news = read_run_update(run, metrics.FilePosition())
    np.testing.assert_array_equal(
        news.figures.held_out, [[one.step, one.loss, one.bits] for one in found]
    )
    assert len(news.figures.steps) == 3


def test_the_loss_is_that_of_fixed_noise(
    noise: Path, tmp_path: Path, each_step: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The held-out loss is L_simple at fixed noise, recomputed here from the checkpoint."""
    run = tmp_path / "run"
    events, _ = finish(train([noise], run, HELD, PrepareOptions()))
    folder = RunFolder.open(run)
    network = folder.info.build_network()
    network.load_state_dict(folder.newest().load("model"))
    network.eval()
    images = np.load(noise)
    hashes = run_to_end(content_hashes(images))
    rows = held_rows(noise, 0.4)
    rows = rows[np.argsort(hashes[rows])]
    x0 = to_model(torch.from_numpy(images[rows]))
    seed = derive_seed(HELD.seed, 6)
    drawing = [torch.Generator().manual_seed(derive_seed(seed, 1, int(h))) for h in hashes[rows]]
    t = torch.cat([torch.randint(20, (1,), generator=generator) for generator in drawing])
    eps = PictureNoise(derive_seed(seed, 2), [int(h) for h in hashes[rows]], "cpu").draw(
        (3, 16, 16)
    )
    signal = folder.info.process.build().schedule.alphas_cumprod[t].float()[:, None, None, None]
    with torch.no_grad():
        predicted = network(signal.sqrt() * x0 + (1 - signal).sqrt() * eps, t)
    expected = float((predicted - eps).square().mean())
    assert measured(events)[-1].loss == pytest.approx(expected, rel=1e-5)


def test_the_figures_of_pictures_are_the_same_beside_others(noise: Path) -> None:
    """The losses of two pictures together are the mean of both, in any order of the pictures."""
    images = np.load(noise)[:2]
    process = DiffusionProcess(NoiseSchedule.linear(20), parameterization="x0")
    config = TrainingConfig(batch_size=2, warmup_steps=0, learning_rate=0.01)
    trainer = Trainer(UNet(UNetConfig.tiny(16)), process, images, config)
    for _ in range(3):
        trainer.step()
    hashes = run_to_end(content_hashes(images))

    def figures(*rows: int) -> np.ndarray:
        held = np.array(rows)
        parts = held_out.HeldOutSplit(np.arange(2), held, hashes[held])
        measures = held_out.HeldOutEvaluator(trainer, images, None, parts, HELD)
        found = run_to_end(measures.after_step(HELD.steps))
        assert found is not None
        return np.array([found.loss, found.bits])

    first, second = alone = [figures(row) for row in (0, 1)]
    assert not np.allclose(first, second, rtol=1e-4)
    for together in (figures(0, 1), figures(1, 0)):
        np.testing.assert_allclose(together, np.mean(alone, 0), rtol=1e-5)


def test_measuring_leaves_no_trace_in_the_training(
    noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(train([noise], tmp_path / "seldom", HELD, PrepareOptions()))
    monkeypatch.setattr(held_out, "_FIRST_SECONDS", 0.0)
    monkeypatch.setattr(held_out, "_SHARE", 1e9)
    finish(train([noise], tmp_path / "often", HELD, PrepareOptions()))
    weights = [
        RunFolder.open(tmp_path / name).newest().load("model") for name in ("seldom", "often")
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_resumed_training_holds_out_the_same(noise: Path, tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    finish(train([noise], whole, HELD.model_copy(update={"steps": 4}), PrepareOptions()))
    finish(train([noise], parted, HELD.model_copy(update={"steps": 2}), PrepareOptions()))
    more = TrainRequest(steps=4, device="cpu")
    finish(train([], parted, more, PrepareOptions(), resume=True))
    one, other = (RunFolder.open(run).newest().load("model") for run in (whole, parted))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_classes_are_told_to_the_network(
    class_folder: Path, tmp_path: Path, each_step: None
) -> None:
    request = HELD.model_copy(update={"class_conditional": True, "steps": 1, "held_out": 0.6})
    events, _ = finish(train([class_folder], tmp_path / "run", request, PrepareOptions()))
    assert len(measured(events)) == 1


def test_what_can_not_be_measured_ends_no_training(
    noise: Path, tmp_path: Path, each_step: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Any) -> Any:
        yield from ()
        raise ValueError("no number")

    monkeypatch.setattr(held_out.HeldOutEvaluator, "_loss", broken)
    events, result = finish(train([noise], tmp_path / "run", HELD, PrepareOptions()))
    assert result.step == 3
    told = [e.text for e in events if isinstance(e, Notice) and "can't be measured" in e.text]
    assert len(told) == 1


def test_without_a_share_nothing_is_held_out(run: Path) -> None:
    told = json.loads((run / "run.json").read_text())
    assert told["request"]["held_out"] == 0
    assert len(read_run_update(run, metrics.FilePosition()).figures.held_out) == 0


@pytest.mark.slow
def test_twenty_pictures_learnt_by_heart_are_told(tmp_path: Path, each_step: None) -> None:
    """Memorisation: the held-out loss rises, the training loss falls, and samples are copies."""
    draw = np.random.default_rng(1)
    coarse = draw.integers(0, 256, (40, 4, 4, 1), dtype=np.uint8)
    np.save(tmp_path / "set.npy", coarse.repeat(2, 1).repeat(2, 2))
    run = tmp_path / "run"
    request = REQUEST.model_copy(
        update={
            "steps": 1500,
            "batch_size": 32,
            "sample_count": 0,
            "held_out": 0.5,
            "timesteps": 100,
            "learning_rate": 2e-3,
            "warmup_steps": 20,
            "ema_decay": 0.99,
            "dropout": 0.0,
            "flip": False,
        }
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held_out, "_SHARE", 0.1)
        events, _ = finish(train([tmp_path / "set.npy"], run, request, PrepareOptions()))
    losses = [one.loss for one in measured(events)]
    assert losses[-1] > 1.3 * min(losses)
    trained = [line["loss"] for line in metrics.read(run / "metrics.jsonl")]
    assert np.mean(trained[-50:]) < 0.5 * np.mean(trained[50:100])
    asked = EvaluateRequest(run=run, count=16, device="cpu", metric="memorisation")
    found = {one.name: one for one in finish(evaluate(asked, [], ModelStore()))[1].figures}
    assert found["copies"].value > 0.5
    assert found["copies"].floor == 0
    assert found["nearest_ratio"].value < 0.5
