"""Lost run folder: the training continues in another folder that the user chooses."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.shell import unsaved
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Notice
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunFolder
from tests.gui.panel_help import opened

WAIT = 60_000


def train(qtbot: QtBot, studio: Studio, pictures: Path, run: Path) -> None:
    """Start a training of 100,000 steps, and wait for its first checkpoint."""
    studio.open_data([pictures])
    request = TrainRequest(
        preset="tiny",
        steps=100_000,
        batch_size=2,
        timesteps=20,
        sample_count=0,
        checkpoint_every=2,
        device="cpu",
    )
    studio.trainer.start(request, run)
    qtbot.waitUntil(lambda: bool(list(run.glob("checkpoints/step-*"))), timeout=WAIT)


def test_the_warning_offers_another_folder_and_the_run_goes_on_there(
    qtbot: QtBot, backend: Backend, picture_folder: Path, tmp_path: Path
) -> None:
    window = opened(qtbot, backend)
    studio, training = window.studio, window.training
    run = tmp_path / "there" / "run"
    train(qtbot, studio, picture_folder, run)
    action = window.actions_["training.save_elsewhere"]
    assert not action.isEnabled()
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
    studio.trainer.stop()
    qtbot.waitUntil(lambda: studio.training is None, timeout=WAIT)
    assert RunFolder.open(tmp_path / "spare" / "run").newest().step > 2
    assert not run.parent.exists()


@pytest.mark.parametrize("all_the_same", [False, True])
def test_closing_asks_where_it_would_lose_the_run(
    qtbot: QtBot,
    backend: Backend,
    picture_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    all_the_same: bool,
) -> None:
    window = opened(qtbot, backend)
    studio, messages = window.studio, window.messages
    run = tmp_path / "there" / "run"
    train(qtbot, studio, picture_folder, run)
    kept = RunFolder.open(run).newest().step
    run.parent.rename(tmp_path / "gone")
    qtbot.waitUntil(window.training.messages.action_button.isVisible, timeout=WAIT)
    asked: list[int] = []
    monkeypatch.setattr(unsaved, "has_free_space", lambda _, size: asked.append(size))
    window.close()
    assert window.isVisible()
    assert studio.training is not None
    assert "closing loses" in messages.text
    assert min(asked) > 1 << 20, "as many bytes as its checkpoints have, at least"
    if all_the_same:
        messages.action_button.click()
    else:
        (tmp_path / "gone").rename(run.parent)
        action = window.actions_["training.save_elsewhere"]
        qtbot.waitUntil(lambda: not action.isEnabled(), timeout=WAIT)
        window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    if not all_the_same:
        assert RunFolder.open(run).newest().step > kept


def test_room_is_looked_for_where_a_folder_is_or_will_be(tmp_path: Path) -> None:
    assert unsaved.has_free_space(tmp_path / "still" / "to be made", 1)
    assert not unsaved.has_free_space(tmp_path, 1 << 62)
