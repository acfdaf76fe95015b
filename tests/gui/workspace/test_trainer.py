"""Trainer of the window: its own signals, and the progress of its job."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import JobSpec, State, specs
from ddpm_studio.gui.features.training.training_panel import TrainingPanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs import TrainResult
from ddpm_studio.jobs.events import BINS, RunStarted, TrainTick
from ddpm_studio.requests import PrepareOptions, TrainRequest
from tests.gui.fake_backend import FakeBackend
from tests.gui.summaries import view_of


def test_steps_are_no_change_of_the_training(
    fake: FakeBackend, qtbot: QtBot, tmp_path: Path
) -> None:
    studio = Studio(fake)
    actions = ActionRegistry(QSettings(), studio)
    panel = TrainingPanel(studio, actions)
    qtbot.addWidget(panel)
    studio.sources = (tmp_path,)
    told: list[State | None] = []
    studio.training_changed.connect(
        lambda: told.append(studio.training.state if studio.training else None)
    )
    studio.trainer.start(TrainRequest(), tmp_path / "run")
    job = studio.training
    assert job is not None
    fake.send(job, RunStarted(tmp_path / "run", 0, 100, 1, "CPU", "float32"))
    for step in range(1, 20):
        fake.progress(job, step, 100, "Training")
        assert panel.status.bar.value() == step, "the Training dock follows each step"
    fake.pauses(job)
    fake.progress(job, 20, 100, "Training")
    assert panel.status.line.text() == "Step 20 of 100"
    fake.cancel(job)
    assert panel.status.line.text() == "Saving step 20…", "whoever stops it, not the dock alone"
    assert not actions["training.stop"].isEnabled()
    fake.finish(job, None)
    assert told == [
        *(State.WAITING, State.RUNNING, State.PAUSED, State.RUNNING, State.DONE),
        None,
    ]


def test_who_renames_the_run_before_goes_on_to_the_next_of_the_queue(
    fake: FakeBackend, qtbot: QtBot, tmp_path: Path
) -> None:
    studio = Studio(fake)
    studio.sources = (tmp_path,)
    first, new, second = tmp_path / "first", tmp_path / "new", tmp_path / "second"
    studio.trainer.start(TrainRequest(), first)
    job = fake.job("Training first")
    fake.send(job, RunStarted(first, 0, 100, 1, "CPU", "float32"))
    studio.trainer.enqueue(TrainRequest(), second)
    fake.finish(job, None)
    qtbot.waitUntil(lambda: studio.training is not None)
    studio.follow_moved_run(first, new)
    assert studio.run == new
    fake.send(fake.job("Training second"), RunStarted(second, 0, 100, 1, "CPU", "float32"))
    assert studio.run == second
    fake.finish(fake.job("Training second"), None)
    studio.follow_moved_run(second, new)
    assert studio.training_run == new


def test_a_queued_fine_tuning_follows_the_run_that_it_starts_from(
    fake: FakeBackend, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(fake)
    studio.sources = (tmp_path,)
    asked: list[Path | None] = []
    make = specs.training.train

    def train(*given: Any, **more: Any) -> JobSpec[TrainResult]:
        asked.append(more["start_from"])
        return make(*given, **more)

    monkeypatch.setattr(specs.training, "train", train)
    base, moved = tmp_path / "base", tmp_path / "moved"
    studio.trainer.start(TrainRequest(), tmp_path / "first")
    studio.trainer.enqueue(TrainRequest(), tmp_path / "second", base)
    studio.trainer.enqueue(TrainRequest(), tmp_path / "third", tmp_path / "other")
    told: list[str] = []
    studio.trainer.queue_changed.connect(lambda: told.append("queue"))
    studio.follow_moved_run(tmp_path / "unrelated", tmp_path / "elsewhere")
    assert not told
    studio.follow_moved_run(base, moved)
    assert told == ["queue"]
    fake.finish(fake.job("Training first"), None)
    qtbot.waitUntil(lambda: studio.trainer.run == tmp_path / "second")
    fake.finish(fake.job("Training second"), None)
    qtbot.waitUntil(lambda: studio.trainer.run == tmp_path / "third")
    assert asked == [None, moved, tmp_path / "other"]


def test_until_its_training_begins_a_model_is_that_of_its_checkpoint(
    fake: FakeBackend, tmp_path: Path
) -> None:
    studio = Studio(fake)
    first, second = tmp_path / "first", tmp_path / "second"
    request = TrainRequest(preset="tiny", batch_size=32, steps=9000)
    for run, taken in ((first, 5000), (second, 2000)):
        view = replace(view_of(run, step=taken, checkpoints=(taken,)), request=request)
        studio.open_run(run)
        fake.finish(fake.job(f"Opening {run.name}"), view)
        studio.trainer.resume(run, request)
        job = fake.job(f"Training {run.name}")
        fake.progress(job, 1, 3, "Reading pictures")
        assert studio.uses_live_weights
        assert studio.model_step == taken
        assert not studio.auto_drawing.is_waiting
        fake.send(job, RunStarted(run, taken, 9000, 1000, "CPU", "float32"))
        assert studio.model_step == taken
        fake.send(job, TrainTick(taken + 7, 9000, 40.0, 100.0, 0, (0.0,) * BINS))
        assert studio.model_step == taken + 7
        fake.finish(job, None)


def test_pictures_are_fine_tuned_on_as_they_are_open_in_the_shape_of_the_model(
    fake: FakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(fake)
    asked: list[PrepareOptions] = []
    make = specs.training.train

    def train(*given: Any, **more: Any) -> JobSpec[TrainResult]:
        asked.append(given[3])
        return make(*given, **more)

    monkeypatch.setattr(specs.training, "train", train)
    of_garments = PrepareOptions(
        image_size=28, channels="gray", classes={"0": "T-shirt"}, labels="garment", split="test"
    )
    studio.run_view = replace(view_of(tmp_path / "garments"), options=of_garments)
    as_open: dict[str, Any] = {"classes": {"7": "-"}, "fit": "pad", "range": "0..4095"}
    studio.open_data([tmp_path], PrepareOptions(image_size=64, channels="rgb", **as_open))
    studio.trainer.fine_tune(TrainRequest(), tmp_path / "digits")
    assert asked == [PrepareOptions(image_size=28, channels="gray", **as_open)]
