"""Training status: pictures per second, and the time until the next samples."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import State
from ddpm_studio.gui.features.training.training_status import TrainingStatus
from ddpm_studio.jobs.events import BINS, RunStarted, TrainTick
from ddpm_studio.progress import Progress
from tests.gui.summaries import view_of


def job(state: State) -> Any:
    return SimpleNamespace(progress=Progress(7, 100, "Training"), state=state, stopping=False)


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (90.0, State.RUNNING, "next samples in about 2 min"),
        (90.0, State.PAUSED, ""),
        (None, State.RUNNING, ""),
        (float("inf"), State.RUNNING, ""),
    ],
)
def test_it_is_told_when_the_next_samples_come(
    qtbot: QtBot, seconds: float | None, state: State, words: str
) -> None:
    status = TrainingStatus()
    qtbot.addWidget(status)
    status.reset()
    status.handle_event(RunStarted(Path("run"), 0, 100, 1000, "CPU", "float32"))
    tick = TrainTick(7, 100, 60.0, 30.0, 1 << 20, (1.0,) * BINS, samples_in=seconds)
    status.handle_event(tick)
    status.show_job(job(state))
    told = status.figures.text()
    assert "60 pictures/s" in told
    assert ("next samples" in told) is bool(words)
    assert words in told


@pytest.mark.parametrize(
    ("steps", "pictures", "line", "figure"),
    [(1, 1, "1 step taken", "1 picture"), (2000, 1500, "2,000 steps taken", "1,500 pictures")],
)
def test_one_step_and_one_picture_are_told_in_the_singular(
    qtbot: QtBot, steps: int, pictures: int, line: str, figure: str
) -> None:
    status = TrainingStatus()
    qtbot.addWidget(status)
    status.show_run(view_of(Path("/runs/short"), step=steps, steps=steps, pictures=pictures))
    assert status.line.text() == line
    assert figure in status.figures.text().split(" · ")
