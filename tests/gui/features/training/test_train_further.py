"""EMA snapshots in the window, and training a run further with other settings."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QAbstractSpinBox, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.widgets.layout.drawer import Drawer
from ddpm_studio.jobs import train
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs import RunFolder
from tests import narrow
from tests.gui.panel_help import WAIT, open_run, opened


@pytest.fixture(scope="module")
def averaged_run(tmp_path_factory: pytest.TempPathFactory, picture_folder: Path) -> Path:
    """A run of four steps, with a snapshot of its power-function averages (EMA) at each."""
    run = tmp_path_factory.mktemp("runs") / "averaged"
    request = TrainRequest(
        steps=4, batch_size=4, timesteps=20, sample_count=0, device="cpu", power_ema=True
    )
    with narrow.network():
        for _ in train([picture_folder], run, request, PrepareOptions()):
            pass
    return run


@pytest.fixture
def window(qtbot: QtBot, backend: Backend) -> MainWindow:
    return opened(qtbot, backend)


def drawn(qtbot: QtBot, window: MainWindow) -> Any:
    gallery = window.tool(SharePanel)
    gallery.draw_now()
    qtbot.waitUntil(lambda: not gallery.busy and gallery.drawn is not None, timeout=WAIT)
    assert gallery.drawn is not None
    return gallery.drawn


def is_explicitly_hidden(box: QWidget) -> bool:
    """Whether a control would stay hidden even in an open drawer."""
    shown: QWidget | None = box
    while shown is not None and not isinstance(shown, Drawer):
        if shown.isHidden():
            return True
        shown = shown.parentWidget()
    return False


def test_an_average_of_another_length_is_drawn_and_taken_up_again(
    qtbot: QtBot, window: MainWindow, averaged_run: Path, tiny_run: Path
) -> None:
    bars = [
        window.tool(ReversePanel).sampler,
        window.tool(SharePanel).sampler,
        window.tool(GalleryPanel).sampler,
    ]
    bars += [window.tool(InterpolatePanel).sampler, window.tool(InpaintPanel).sampler]
    open_run(qtbot, window.studio, tiny_run)
    assert all(is_explicitly_hidden(bar.ema_length) for bar in bars)
    open_run(qtbot, window.studio, averaged_run)
    assert not any(is_explicitly_hidden(bar.ema_length) for bar in bars)
    window.show_tool(window.tool(SharePanel))
    bar = window.tool(SharePanel).sampler
    bar.set_value({"steps": 3})
    plain = drawn(qtbot, window)
    assert "ema_length" not in plain.recipe["request"]
    bar.ema_length.set_number(0.2)
    other = drawn(qtbot, window)
    assert other.recipe["request"]["ema_length"] == 0.2
    assert not np.array_equal(other.pictures, plain.pictures)
    bar.set_value(plain.recipe["request"])
    assert bar.ema_length.number() is None
    bar.set_value(other.recipe["request"])
    assert np.array_equal(drawn(qtbot, window).pictures, other.pictures)


def test_other_settings_from_here_on(
    qtbot: QtBot, window: MainWindow, averaged_run: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(averaged_run, tmp_path / "run")
    open_run(qtbot, window.studio, run)
    resume_row = window.training.resume_row
    assert not resume_row.form.isVisible()
    resume_row.fold.click()
    assert set(resume_row.form.fields) == set(TrainRequest.changeable_fields()) - {
        "steps",
        "device",
        "devices",
    }
    assert resume_row.form.values()["batch_size"] == 4, "as the run has it"
    resume_row.form.set_value({"batch_size": 3, "learning_rate": 1e-3})
    resume_row.steps.setValue(6)
    assert resume_row.value() == {"steps": 6, "batch_size": 3, "learning_rate": 1e-3}
    # Typed values stay when the run is read again.
    assert window.studio.run_view is not None
    resume_row.show_run(window.studio.run_view)
    window.actions_["training.resume"].trigger()
    training = window.studio.training
    assert training is not None
    with qtbot.waitSignal(training.ended, timeout=WAIT):
        pass
    info = RunFolder.open(run).info
    assert info.request is not None
    assert (info.request.batch_size, info.request.learning_rate) == (3, 1e-3)
    [noted] = info.changes
    assert noted.step == 4
    assert noted.settings["batch_size"] == (4, 3)
    qtbot.waitUntil(lambda: resume_row.form.values()["batch_size"] == 3, timeout=WAIT)


def test_a_value_that_is_set_back_after_a_failed_attempt_is_asked_for(
    qtbot: QtBot, window: MainWindow, averaged_run: Path, tmp_path: Path
) -> None:
    run = shutil.copytree(averaged_run, tmp_path / "run")
    open_run(qtbot, window.studio, run)
    row = window.training.resume_row
    before = row.form.values()["learning_rate"]
    row.form.set_value({"learning_rate": 0.05})
    folder = RunFolder.open(run)
    # As a training does that fails in its first step: run.json has changed, no step was taken.
    folder.record_changes(steps=8, at=4, learning_rate=0.05)
    open_run(qtbot, window.studio, run)
    assert row.form.values()["learning_rate"] == 0.05
    assert "learning_rate" not in row.value()
    row.form.set_value({"learning_rate": before})
    assert row.value() == {"steps": 8, "learning_rate": before}


def test_what_is_not_allowed_is_told_at_its_field(
    qtbot: QtBot, window: MainWindow, averaged_run: Path
) -> None:
    open_run(qtbot, window.studio, averaged_run)
    resume_row = window.training.resume_row
    resume_row.form.set_value({"epochs": 2.0, "minutes": 3.0})
    window.actions_["training.resume"].trigger()
    assert window.studio.training is None
    assert "in epochs or in minutes" in resume_row.form.errors()["minutes"]
    assert resume_row.form.isVisible()
    assert "epochs or in minutes" in window.training.messages.text


@pytest.mark.parametrize("width", [1280, 1100])
def test_no_setting_is_cut_off(
    qtbot: QtBot, window: MainWindow, averaged_run: Path, width: int
) -> None:
    window.resize(width, 700)
    open_run(qtbot, window.studio, averaged_run)
    panel = window.training
    panel.resume_row.fold.setChecked(True)
    panel.show_settings()
    area, content = panel._area, panel._area.widget()
    assert content is not None
    qtbot.waitUntil(lambda: content.width() == area.viewport().width(), timeout=WAIT)
    for form in (panel.form, panel.resume_row.form):
        for key in form.fields:
            box = form.editor(key)
            right = box.mapTo(content, box.rect().topRight()).x()
            assert right < content.width(), key
            assert box.width() >= box.minimumSizeHint().width(), key


def test_numbers_keep_off_the_edge_of_their_boxes(window: MainWindow) -> None:
    """Spin boxes have text margins, because Qt ignores the style sheet's padding there."""
    boxes = window.findChildren(QAbstractSpinBox)
    assert len(boxes) > 40
    tight = [box.accessibleName() for box in boxes if box.lineEdit().textMargins().left() == 0]
    assert tight == []


def test_a_length_that_is_left_empty_says_what_holds(qtbot: QtBot, window: MainWindow) -> None:
    form = window.training.form
    form.reset()  # The window begins with a time budget.
    for key, words in (("epochs", "by steps"), ("minutes", "by steps"), ("dropout", "auto")):
        box = form.editor(key)
        assert isinstance(box, QAbstractSpinBox)
        assert box.text() == words
