"""Training dock: Start and Train further name the run that they create or continue."""

from __future__ import annotations

import shutil
from pathlib import Path

from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.jobs.events import PicturesLeftOut
from ddpm_studio.requests import TrainRequest
from tests.data.pictures import make_picture_folder
from tests.gui.panel_help import WAIT, open_run, opened

SHORT = TrainRequest(steps=9_000, batch_size=2, timesteps=20, sample_count=0, device="cpu")


def open_pictures(qtbot: QtBot, window: MainWindow, *paths: Path) -> None:
    window.studio.open_paths(paths)
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)


def stop(qtbot: QtBot, window: MainWindow) -> None:
    window.studio.trainer.stop()
    qtbot.waitUntil(lambda: window.studio.training is None, timeout=WAIT)


def test_both_name_their_runs(
    qtbot: QtBot, backend: Backend, tiny_run: Path, picture_folder: Path
) -> None:
    window = opened(qtbot, backend)
    training = window.training
    assert not training.new_run.isVisible()
    open_pictures(qtbot, window, picture_folder)
    open_run(qtbot, window.studio, tiny_run)
    new = training.run_choice.name_edit.text()
    assert training.new_run.isVisible()
    assert training.new_run.text() == f"A new run: {new}"
    assert new in training.start_button.toolTip()
    assert training.resume_row.title.text() == f"The open run: {tiny_run.name}"
    assert tiny_run.name in window.actions_["training.resume"].toolTip()
    training.run_choice.name_edit.setText("of my own")
    assert training.new_run.text() == "A new run: of my own"


def test_a_training_that_goes_on_shows_what_it_learns_from(
    qtbot: QtBot, backend: Backend, tiny_run: Path, picture_folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "again"
    shutil.copytree(tiny_run, run)
    window = opened(qtbot, backend)
    # In narrower windows the Data dock folds, leaving its space to the model's pictures.
    window.resize(1600, 900)
    open_run(qtbot, window.studio, run)
    assert not window.data.thumbnails.isVisible(), "a run can be looked at without its pictures"
    window.training.resume_row.steps.setValue(9_000)
    window.actions_["training.resume"].trigger()
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    assert window.studio.sources == (picture_folder,)
    assert window.data.thumbnails.isVisible()
    stop(qtbot, window)


def test_a_training_that_goes_on_leaves_other_open_pictures_alone(
    qtbot: QtBot, backend: Backend, tiny_run: Path, picture_folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "again"
    shutil.copytree(tiny_run, run)
    window = opened(qtbot, backend)
    one = picture_folder / "03.png"
    open_pictures(qtbot, window, one)
    open_run(qtbot, window.studio, run)
    window.training.resume_row.steps.setValue(9_000)
    window.actions_["training.resume"].trigger()
    qtbot.waitUntil(lambda: bool(window.studio.model_step), timeout=WAIT)
    assert window.studio.sources == (one,)
    stop(qtbot, window)


def test_what_is_left_out_is_told_where_the_pictures_are_and_not_at_each_start(
    qtbot: QtBot, backend: Backend, picture_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mixed"
    shutil.copytree(picture_folder, folder)
    (folder / "broken.png").write_bytes(b"no picture")
    window = opened(qtbot, backend)
    open_pictures(qtbot, window, folder)
    assert window.data.report.left_out.text() == "1 picture left out"
    told: list[object] = []
    window.studio.trainer.start(SHORT, tmp_path / "run")
    assert window.studio.training is not None
    window.studio.training.on_event(told.append)
    qtbot.waitUntil(lambda: bool(window.studio.model_step), timeout=WAIT)
    assert [event for event in told if isinstance(event, PicturesLeftOut)]
    assert "left out" not in window.training.messages.text
    stop(qtbot, window)


def test_classes_that_are_learnt_are_told_in_the_words_of_the_form(
    qtbot: QtBot, backend: Backend, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        make_picture_folder(tmp_path / "classes" / name, 6)
    window = opened(qtbot, backend)
    open_pictures(qtbot, window, tmp_path / "classes")
    window.studio.trainer.start(SHORT, tmp_path / "run")
    messages = window.training.messages
    qtbot.waitUntil(lambda: "conditioned on 2 classes" in messages.text, timeout=WAIT)
    assert messages.level == "info", "nothing is wrong, and it goes by itself"
    assert "“Classes: no” in the settings trains without" in messages.text
    stop(qtbot, window)
