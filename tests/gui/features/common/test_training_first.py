"""Automatic drawing during a training: it waits, then takes a small share of the time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import JobHandle, JobSpec, Lane
from ddpm_studio.backend.specs.runs import RunView
from ddpm_studio.gui.features.common.stale_notice import StaleNotice
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.learn.bound_chapter import BoundChapter
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import BINS, RunStarted, TrainTick
from ddpm_studio.jobs.library.run_summary import RunSummary
from ddpm_studio.requests import PrepareOptions, TrainRequest
from tests.gui.fake_backend import FakeBackend
from tests.gui.features.learn.chapter_alone import actions_of

BATCH, SIDE = 32, 16
TOOLS = {
    "reverse": (ReversePanel, "Sampling"),
    "share": (SharePanel, "Sharing"),
    "interpolate": (InterpolatePanel, "Interpolating"),
    "bound": (BoundChapter, "Taking the bound apart"),
}


@pytest.fixture
def backend(qtbot: QtBot) -> FakeBackend:
    made = FakeBackend()
    made.start()
    return made


@pytest.fixture
def studio(backend: FakeBackend) -> Studio:
    return Studio(backend)


@pytest.fixture(params=list(TOOLS))
def tool(request: pytest.FixtureRequest, qtbot: QtBot, studio: Studio) -> QWidget:
    actions = actions_of(studio, lambda: made)
    made: QWidget = TOOLS[request.param][0](studio, actions)
    qtbot.addWidget(made)
    made.setObjectName(TOOLS[request.param][1])
    made.show()
    return made


def drawings(backend: FakeBackend, tool: QWidget) -> list[JobSpec[object]]:
    return [spec for spec in backend.specs if spec.title.startswith(tool.objectName())]


def age(tool: QWidget) -> StaleNotice:
    found = tool.findChild(StaleNotice)
    assert isinstance(found, StaleNotice)
    return found


def view(run: Path, request: TrainRequest, **changes: object) -> RunView:
    summary = RunSummary(
        path=run,
        name=run.name,
        step=0,
        steps=request.steps,
        network="unet",
        parameters=1000,
        height=SIDE,
        width=SIDE,
        channels=3,
        timesteps=1000,
        schedule="linear",
        preset="tiny",
        last_loss=None,
        checkpoints=(),
        sources=(str(run),),
        pictures=12,
        classes=(),
        known_classes=(),
        needs_class=False,
        guidable=False,
        guidance=None,
        created="2026-11-29T10:00:00+00:00",
        plugins={},
        missing={},
        teacher=None,
        sampler=None,
        sampler_steps=None,
    )
    alphas = np.linspace(0.999, 0.01, 1000)
    made = RunView(summary, request, (run,), PrepareOptions(), alphas, False)
    return RunView(**{**vars(made), **changes})


def train(backend: FakeBackend, studio: Studio, run: Path, **changes: object) -> JobHandle[object]:
    """Start a training and report its events until its run is open in the window."""
    request = TrainRequest(preset="tiny", batch_size=BATCH)
    studio.sources = (run.parent,)
    studio.trainer.start(request, run)
    job = backend.job(f"Training {run.name}")
    backend.progress(job, 0, 5000, "Training")
    backend.send(job, RunStarted(run, 0, 5000, 1000, "CPU", "float32"))
    backend.finish(backend.job(f"Opening {run.name}"), view(run, request, **changes))
    return job


def stop(backend: FakeBackend, studio: Studio, job: JobHandle[object], run: Path) -> None:
    """Stop a training; its run is then about to be read again."""
    run.mkdir()
    (run / "run.json").touch()
    studio.trainer.stop()
    backend.cancelled(job)


def reopen(backend: FakeBackend, run: Path) -> None:
    """Finish the job that reads a run, which has been trained for three steps."""
    made = view(run, TrainRequest(preset="tiny", batch_size=BATCH))
    summary = RunSummary(**{**vars(made.summary), "checkpoints": (3,)})
    backend.finish(
        backend.job(f"Opening {run.name}"), RunView(**{**vars(made), "summary": summary})
    )


def tick(backend: FakeBackend, job: JobHandle[object], step: int, pace: float = 40.0) -> None:
    backend.send(job, TrainTick(step, 5000, pace, 100.0, 0, (0.0,) * BINS))


def settle(qtbot: QtBot, backend: FakeBackend) -> None:
    """Give a tool the data pictures that it asks for, and time to draw if it will."""
    qtbot.wait(100)
    for job in list(backend.jobs.values()):
        if job.spec.title == "Looking at the data":
            backend.finish(job, (np.zeros((4, SIDE, SIDE, 3), np.uint8), (None,) * 4))
    qtbot.wait(100)


def test_a_visit_draws_nothing_before_the_model_has_learnt_something(
    qtbot: QtBot, backend: FakeBackend, studio: Studio, tool: QWidget, tmp_path: Path
) -> None:
    job = train(backend, studio, tmp_path / "run")
    settle(qtbot, backend)
    assert drawings(backend, tool) == []
    row = age(tool)
    assert row.caption.text() == "Drawn when the model has learnt something"
    assert row.button.isVisible()
    tick(backend, job, 100)
    # 3,200 of the 8,000 pictures that tiny needs.
    assert row.caption.text() == "Drawn when the model has learnt something, in about 2 min"
    tick(backend, job, 249)
    assert drawings(backend, tool) == []
    tick(backend, job, 250)
    qtbot.waitUntil(lambda: drawings(backend, tool) != [])
    assert [spec.lane for spec in drawings(backend, tool)] == [Lane.SPARE]
    assert row.caption.text() == "Drawn in the time that the training leaves"


def test_what_a_person_asks_for_is_drawn_at_once(
    qtbot: QtBot, backend: FakeBackend, studio: Studio, tool: QWidget, tmp_path: Path
) -> None:
    job = train(backend, studio, tmp_path / "run")
    settle(qtbot, backend)
    row = age(tool)
    assert row.button.text() == "Draw now"
    row.button.click()
    qtbot.waitUntil(lambda: drawings(backend, tool) != [])
    assert [spec.lane for spec in drawings(backend, tool)] == [Lane.INTERACTIVE]
    assert row.caption.text() == ""
    tick(backend, job, 250)
    qtbot.wait(150)
    assert len(drawings(backend, tool)) == 1


def test_the_end_of_a_training_that_learnt_nothing_lets_draw(
    qtbot: QtBot, backend: FakeBackend, studio: Studio, tool: QWidget, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    job = train(backend, studio, run)
    settle(qtbot, backend)
    stop(backend, studio, job, run)
    reopen(backend, run)
    settle(qtbot, backend)
    qtbot.waitUntil(lambda: drawings(backend, tool) != [])
    assert age(tool).caption.text() == ""


def test_what_is_due_between_a_training_and_its_being_read_again_is_drawn(
    qtbot: QtBot, backend: FakeBackend, studio: Studio, tool: QWidget, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    job = train(backend, studio, run)
    stop(backend, studio, job, run)
    settle(qtbot, backend)
    assert drawings(backend, tool) == [], "there is no model to draw with"
    reopen(backend, run)
    settle(qtbot, backend)
    qtbot.waitUntil(lambda: drawings(backend, tool) != [])


def test_a_fine_tuned_model_has_learnt_something(
    qtbot: QtBot, backend: FakeBackend, studio: Studio, tool: QWidget, tmp_path: Path
) -> None:
    train(backend, studio, tmp_path / "run", fine_tuned=True)
    settle(qtbot, backend)
    qtbot.waitUntil(lambda: drawings(backend, tool) != [])
    assert {spec.lane for spec in drawings(backend, tool)} == {Lane.SPARE}


def test_no_unasked_job_of_the_device_goes_before_a_training(
    qtbot: QtBot, backend: FakeBackend, studio: Studio, tool: QWidget, tmp_path: Path
) -> None:
    job = train(backend, studio, tmp_path / "run")
    settle(qtbot, backend)
    tick(backend, job, 250)
    settle(qtbot, backend)
    drawn = [spec for spec in backend.specs if spec.on_device and spec.id != job.spec.id]
    assert drawn
    assert {spec.lane for spec in drawn} == {Lane.SPARE}


def test_in_a_short_training_nothing_waits_beyond_its_end(
    qtbot: QtBot, backend: FakeBackend, studio: Studio, tool: QWidget, tmp_path: Path
) -> None:
    """A training of 150 steps is drawn before its end, though tiny waits for 250 steps.

    At 40 pictures a second it takes two minutes.
    """
    job = train(backend, studio, tmp_path / "run", plans=(150,))
    settle(qtbot, backend)
    tick(backend, job, 10)
    assert age(tool).caption.text().endswith("in about 22 s")
    tick(backend, job, 38)
    qtbot.waitUntil(lambda: drawings(backend, tool) != [])


def test_a_run_that_goes_on_counts_what_it_has_learnt(
    qtbot: QtBot, backend: FakeBackend, studio: Studio, tool: QWidget, tmp_path: Path
) -> None:
    job = train(backend, studio, tmp_path / "run", plans=(100, 5000))
    tick(backend, job, 100)
    settle(qtbot, backend)
    qtbot.waitUntil(lambda: drawings(backend, tool) != [])
