"""The window's trainer: what it tells everybody, and what its job tells those who follow it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import State
from ddpm_studio.gui.features.training.training_panel import TrainingPanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import RunStarted
from ddpm_studio.requests import TrainRequest
from tests.gui.fake_backend import FakeBackend


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
