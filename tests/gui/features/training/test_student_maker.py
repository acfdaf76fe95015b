"""Distillation of a few-step student: when it is offered, its dialog, the training it begins."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend.specs.runs import RunView
from ddpm_studio.gui.features.training.student_maker import StudentDialog, StudentMaker
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs import RunSummary
from ddpm_studio.jobs.events import RunStarted
from ddpm_studio.requests import DistillRequest
from ddpm_studio.runs import RunFolder
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import WAIT
from tests.gui.summaries import view_of


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    return widget


def shown(studio: Studio, fake: FakeBackend, view: RunView) -> None:
    studio.open_run(view.summary.path)
    fake.finish(fake.job(f"Opening {view.summary.path.name}"), view)


def tip(actions: ActionRegistry) -> str:
    return str(actions["training.student"].property("tip"))


def test_it_is_offered_where_it_can_be_done_and_says_why_elsewhere(
    fake: FakeBackend, window: QWidget, tmp_path: Path
) -> None:
    studio, actions = Studio(fake), ActionRegistry()
    StudentMaker(studio, actions, window)
    action, view = actions["training.student"], view_of(tmp_path / "first")
    assert not action.isEnabled()
    assert "Open a trained model first" in tip(actions)
    shown(studio, fake, view)
    assert action.isEnabled()
    shown(studio, fake, with_summary(view, checkpoints=()))
    assert not action.isEnabled()
    shown(studio, fake, with_summary(view, teacher="elsewhere", sampler="consistency"))
    assert not action.isEnabled()
    assert "student itself" in tip(actions)
    shown(studio, fake, with_summary(view, sources=()))
    assert not action.isEnabled()
    assert "Open pictures" in tip(actions)


def with_summary(view: RunView, **changes: object) -> RunView:
    summary: RunSummary = replace(view.summary, **changes)  # type: ignore[arg-type]
    return replace(view, summary=summary)


def test_what_is_chosen_is_trained_into_a_run_of_its_own(
    fake: FakeBackend, window: QWidget, tmp_path: Path
) -> None:
    studio, actions = Studio(fake), ActionRegistry()
    studio.runs_folder = tmp_path / "runs"
    maker = StudentMaker(studio, actions, window)
    shown(studio, fake, view_of(tmp_path / "first"))
    actions["training.student"].trigger()
    dialog = window.findChild(StudentDialog)
    assert dialog is not None
    assert dialog.run_choice.path() == tmp_path / "runs" / "first in few steps"
    dialog.form.set_value({"steps": 700, "shrink": 3.0})
    asked: list[tuple[DistillRequest, Path]] = []
    dialog.chosen.connect(lambda request, run: asked.append((request, run)))
    dialog.make_button.click()
    ((request, run),) = asked
    assert (request.run, request.steps, request.shrink) == (tmp_path / "first", 700, 3.0)
    job = fake.job("Training first in few steps")
    trained = [studio.training]
    assert studio.training_run == run
    assert not actions["training.student"].isEnabled()
    assert "under way" in tip(actions)
    # It runs like a training: paused, stopped, and the tools follow it.
    studio.trainer.pause(True)
    studio.trainer.stop()
    assert fake.asked_to_cancel(job)
    fake.send(job, RunStarted(run, 0, 700, 100, "CPU", "float32"))
    assert studio.run == run
    fake.cancelled(job)
    assert [*trained, studio.training] == [job, None]
    assert maker.parent() is window


def test_it_learns_from_the_open_pictures_where_its_teacher_s_have_moved(
    qtbot: QtBot, studio: Studio, tiny_run: Path, picture_folder: Path, tmp_path: Path
) -> None:
    moved = shutil.copytree(picture_folder, tmp_path / "moved")
    (moved / "00.png").unlink()
    teacher = shutil.copytree(tiny_run, tmp_path / "teacher")
    text = (teacher / "run.json").read_text()
    old, gone = json.dumps(str(picture_folder)), json.dumps(str(tmp_path / "gone"))
    assert old in text
    studio.open_data([moved])
    for name, sources, wanted in (("gone", gone, moved), ("there", old, picture_folder)):
        (teacher / "run.json").write_text(text.replace(old, sources))
        studio.open_run(teacher)
        qtbot.waitUntil(lambda: studio.opening is None and studio.can_draw, timeout=WAIT)
        request = DistillRequest(
            run=teacher, steps=1, batch_size=4, sample_count=0, device="cpu", stages=1
        )
        studio.trainer.distill(request, tmp_path / name)
        job = studio.training
        assert job is not None
        qtbot.waitUntil(lambda: job.state.is_over, timeout=WAIT)  # noqa: B023 - called here
        assert job.failure is None
        qtbot.waitUntil(lambda: studio.run == tmp_path / name, timeout=WAIT)  # noqa: B023
        info = RunFolder.open(tmp_path / name).info
        assert info.data is not None
        assert info.data.sources == (str(wanted),)


def test_a_name_that_is_taken_is_refused_in_the_dialog(
    fake: FakeBackend, window: QWidget, tmp_path: Path
) -> None:
    taken = tmp_path / "runs" / "taken"
    taken.mkdir(parents=True)
    (taken / "run.json").write_text("{}")
    dialog = StudentDialog(tmp_path / "first", tmp_path / "runs", window)
    dialog.run_choice.name_edit.setText("taken")
    asked: list[object] = []
    dialog.chosen.connect(lambda *given: asked.append(given))
    dialog.make_button.click()
    assert asked == []
    assert "taken" in dialog.messages.text
    dialog.reject()
