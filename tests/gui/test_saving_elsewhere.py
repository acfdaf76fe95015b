"""A run whose folder has gone goes on in another one, which a person chooses in the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.jobs.events import Notice
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunFolder
from tests.gui.panel_help import opened

WAIT = 60_000


def test_the_warning_offers_another_folder_and_the_run_goes_on_there(
    qtbot: QtBot, backend: Backend, picture_folder: Path, tmp_path: Path
) -> None:
    window = opened(qtbot, backend)
    studio, training = window.studio, window.training
    studio.open_data([picture_folder])
    run = tmp_path / "there" / "run"
    request = TrainRequest(
        steps=100_000, batch_size=2, timesteps=20, sample_count=0, checkpoint_every=2, device="cpu"
    )
    studio.start_training(request, run)
    action = window.actions_["training.save_elsewhere"]
    assert not action.isEnabled()
    qtbot.waitUntil(lambda: bool(list(run.glob("checkpoints/step-*"))), timeout=WAIT)
    run.parent.rename(tmp_path / "gone")
    qtbot.waitUntil(training.messages.action_button.isVisible, timeout=WAIT)
    assert "goes on in memory" in training.messages.text
    assert action.isEnabled()
    assert studio.training is not None
    studio.training.emitted.emit(Notice("No samples were drawn."))
    assert "goes on in memory" in training.messages.text, "nothing hides what can be lost"
    training.messages.action_button.click()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    dialog.filesSelected.emit([str(tmp_path / "spare")])
    dialog.reject()
    qtbot.waitUntil(lambda: studio.training_run == tmp_path / "spare" / "run", timeout=WAIT)
    qtbot.waitUntil(lambda: not action.isEnabled(), timeout=WAIT)
    while training.messages.isVisible():
        assert "goes on in memory" not in training.messages.text, "it is saved by now"
        training.messages.dismiss()
    studio.stop_training()
    qtbot.waitUntil(lambda: studio.training is None, timeout=WAIT)
    assert RunFolder.open(tmp_path / "spare" / "run").newest().step > 2
    assert not run.parent.exists()
