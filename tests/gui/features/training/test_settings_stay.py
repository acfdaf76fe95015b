"""Training settings in use: they stay unfolded when runs are read or queued trainings begin."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import NoReturn

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.training.run_choice import RunChoice
from ddpm_studio.gui.features.training.training_panel import TrainingPanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.requests import TrainRequest
from tests.gui.fake_backend import FakeBackend
from tests.gui.summaries import view_of

FIRST, RENAMED, OTHER = Path("/runs/first"), Path("/runs/renamed"), Path("/runs/other")


@pytest.fixture
def panel(qtbot: QtBot, fake: FakeBackend) -> TrainingPanel:
    """The Training dock's panel, with a run open and the settings unfolded."""
    studio = Studio(fake)
    made = TrainingPanel(studio, ActionRegistry())
    qtbot.addWidget(made)
    made.show()
    studio.open_run(FIRST)
    fake.finish(fake.job("Opening first"), view_of(FIRST))
    made.settings_fold.setChecked(True)
    return made


def test_a_run_that_is_read_again_leaves_them(panel: TrainingPanel, fake: FakeBackend) -> None:
    studio = panel._studio
    studio.follow_moved_run(FIRST, RENAMED)
    fake.finish(fake.job("Opening renamed"), view_of(RENAMED))
    assert panel.settings_fold.isChecked()
    studio.open_run(OTHER)
    fake.finish(fake.job("Opening other"), view_of(OTHER))
    assert not panel.settings_fold.isChecked()


def test_a_training_out_of_the_queue_leaves_them(
    qtbot: QtBot, panel: TrainingPanel, fake: FakeBackend
) -> None:
    trainer = panel._studio.trainer
    panel._studio.sources = (Path("/pictures"),)
    trainer.start(TrainRequest(), Path("/runs/a"))
    assert not panel.settings_fold.isChecked()
    first = trainer.job
    assert first is not None
    trainer.enqueue(TrainRequest(), Path("/runs/b"))
    panel.settings_fold.setChecked(True)
    fake.fail(first, StudioError("The disk is full.", "Make room."))
    qtbot.waitUntil(lambda: trainer.run == Path("/runs/b"))
    assert panel.settings_fold.isChecked()


def test_a_folder_that_nobody_may_look_into_is_told(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def shut(_: Path) -> NoReturn:
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "shut").mkdir()
    choice = RunChoice()
    qtbot.addWidget(choice)
    choice.set_folder(tmp_path)
    choice.name_edit.setText("shut")
    monkeypatch.setattr(Path, "iterdir", shut)
    with pytest.raises(StudioError, match="shut can't be the folder of a run: Permission denied"):
        choice.path()
