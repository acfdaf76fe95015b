"""Distributed training from the window: two ranks are one job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, State
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.features.training.training_form import TrainingForm
from ddpm_studio.gui.features.training.training_panel import TrainingPanel
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Pictures, RunStarted, TrainTick
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunFolder
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import WAIT, opened
from tests.gui.summaries import view_of


def test_all_gpus_are_a_device_where_there_are_several(qtbot: QtBot) -> None:
    form = TrainingForm()
    qtbot.addWidget(form)
    box = form.editor("device")
    assert isinstance(box, QComboBox)
    before = box.count()
    form.offer_gpus(1)
    assert box.count() == before
    form.offer_gpus(4)
    assert box.itemText(before) == "All 4 GPUs"
    box.setCurrentIndex(before)
    assert not form.errors()
    asked = form.value()
    assert (asked.device, asked.devices) == ("cuda", "all")
    form.reset()
    assert form.value().devices is None
    form.set_value(asked)
    assert box.currentIndex() == before
    assert form.value() == asked


def test_a_run_of_all_gpus_goes_on_with_the_device_that_is_chosen(
    qtbot: QtBot, fake: FakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = Studio(fake)
    actions = ActionRegistry(QSettings(), studio)
    panel = TrainingPanel(studio, actions)
    qtbot.addWidget(panel)
    asked: list[TrainRequest] = []
    monkeypatch.setattr(studio.trainer, "resume", lambda run, request: asked.append(request))
    begun = TrainRequest(device="cuda", devices="all", steps=60)
    studio.open_run(tmp_path / "run")
    fake.finish(fake.job("Opening run"), replace(view_of(tmp_path / "run"), request=begun))
    for chosen, wanted in (
        ({"device": "cpu"}, ("cpu", None)),
        ({"device": "cpu", "devices": "cpu,cpu"}, ("cpu", "cpu,cpu")),
    ):
        panel.form.set_value(chosen)
        actions["training.resume"].trigger()
        request = asked.pop()
        assert (request.device, request.devices) == wanted


def _scrub(qtbot: QtBot, window: MainWindow, ticks: Callable[[], int]) -> None:
    """Draw the reverse process of the run in training, and scrub through it while it trains."""
    reverse = window.tool(ReversePanel)
    window.show_tool(reverse)
    reverse.sampler.set_value({"steps": 8})
    reverse.draw_now()
    qtbot.waitUntil(
        lambda: reverse.process.finished and bool(reverse.trajectory.recipe), timeout=WAIT
    )
    asked = reverse.trajectory.recipe["request"]
    assert isinstance(asked, dict)
    assert Path(asked["run"]) == window.studio.training_run
    assert reverse.slider.isEnabled()
    shown = []
    for place in (0, reverse.slider.maximum() // 2, reverse.slider.maximum()):
        seen = ticks()
        reverse.slider.setValue(place)
        shown.append((reverse.moment.text(), _picture(reverse)))
        # The ranks go on training meanwhile.
        qtbot.waitUntil(lambda: ticks() > seen, timeout=WAIT)  # noqa: B023 - called here
    (first, noise), (middle, half), (last, made) = shown
    assert len({first, middle, last}) == 3
    assert (noise != half).any()
    assert (half != made).any()
    reverse.slider.setValue(0)
    assert reverse.moment.text() == first
    assert (_picture(reverse) == noise).all()


def _picture(reverse: ReversePanel) -> Pictures:
    """Return the first picture x_t that the window shows now, for each sampler."""
    return np.stack(
        [grid.picture(0) for (_, view), grid in reverse.views.grids.items() if view == "x_t"]
    )


def test_two_processes_are_one_job(
    qtbot: QtBot, backend: Backend, picture_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = opened(qtbot, backend)
    studio, panel = window.studio, window.training
    studio.open_data([picture_folder])
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    settings = {"steps": 100_000, "batch_size": 4, "timesteps": 20, "device": "cpu"}
    panel.form.set_value({**settings, "devices": "cpu,cpu", "precision": "float32"})
    panel.start_button.click()
    job = studio.training
    assert job is not None
    events: list[object] = []
    job.on_event(events.append)
    ticks = lambda: [one for one in events if isinstance(one, TrainTick)]  # noqa: E731
    qtbot.waitUntil(lambda: len(ticks()) > 0, timeout=WAIT)
    [started] = [one for one in events if isinstance(one, RunStarted)]
    assert started.device == "2 × CPU"
    [other] = psutil.Process().children()
    run = started.run

    # Pictures are drawn with the current weights while both ranks train.
    qtbot.waitUntil(lambda: studio.can_draw, timeout=WAIT)
    window.show_tool(window.tool(SharePanel))
    window.tool(SharePanel).sampler.set_value({"steps": 2})
    window.tool(SharePanel).draw_now()
    qtbot.waitUntil(
        lambda: not window.tool(SharePanel).busy and window.tool(SharePanel).drawn is not None,
        timeout=WAIT,
    )
    seen = len(ticks())
    qtbot.waitUntil(lambda: len(ticks()) > seen, timeout=WAIT)
    _scrub(qtbot, window, lambda: len(ticks()))

    panel.pause_button.click()
    qtbot.waitUntil(lambda: job.state is State.PAUSED, timeout=WAIT)
    qtbot.wait(200)
    seen = len(ticks())
    qtbot.wait(1500)
    assert len(ticks()) == seen
    assert other.is_running()
    panel.pause_button.click()
    qtbot.waitUntil(lambda: len(ticks()) > seen, timeout=WAIT)

    with qtbot.waitSignal(job.ended, timeout=WAIT):
        panel.stop_button.click()
    assert job.state is State.CANCELLED
    assert not other.is_running()
    saved = RunFolder.open(run).newest().step
    assert saved >= ticks()[-1].step

    qtbot.waitUntil(lambda: panel.resume_row.isVisibleTo(panel), timeout=WAIT)
    panel.resume_row.steps.setValue(saved + 3)
    window.actions_["training.resume"].trigger()
    again = studio.training
    assert again is not None
    with qtbot.waitSignal(again.ended, timeout=WAIT):
        pass
    assert again.state is State.DONE, again.failure
    newest = RunFolder.open(run).newest()
    assert (newest.step, newest.state()["ranks"]) == (saved + 3, 2)
