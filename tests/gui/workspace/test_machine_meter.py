"""Estimate of a training's time: measured when idle, next to the button, never guessed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, State
from ddpm_studio.backend.spec import Lane
from ddpm_studio.engine.tables import PRESETS
from ddpm_studio.engine.tables.networks import pictures_until_recognisable
from ddpm_studio.gui.features.training.budget_choice import BudgetChoice
from ddpm_studio.gui.features.training.time_estimate import TimeEstimate
from ddpm_studio.gui.features.training.training_form import TrainingForm
from ddpm_studio.gui.features.training.warm_start_choice import WarmStartChoice
from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.machine_meter import MachineMeter
from ddpm_studio.gui.workspace.settings import Preferences, open_settings
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.machine import speed_benchmark as speeds
from ddpm_studio.jobs.machine.machine_speed import MachineSpeed, PresetSpeed
from ddpm_studio.jobs.training.bases import BaseRun
from ddpm_studio.picture_shape import PictureShape
from ddpm_studio.requests import PrepareOptions, TrainRequest
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import WAIT, endless

RECOGNISABLE = pictures_until_recognisable("tiny")


@pytest.fixture
def meter(
    qtbot: QtBot, studio: Studio, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> MachineMeter:
    monkeypatch.setattr(speeds, "_REPEATS", 1)
    monkeypatch.setattr(speeds, "_BATCHES", (1, 2))
    monkeypatch.setattr(speeds, "PRESETS", {"tiny": PRESETS["tiny"]})
    return MachineMeter(studio, ActionRegistry(), Preferences(open_settings()))


@pytest.fixture
def form(qtbot: QtBot) -> RequestForm[TrainRequest]:
    made = RequestForm(TrainRequest)
    qtbot.addWidget(made)
    return made


def speed(each: dict[str, float]) -> MachineSpeed:
    presets = {name: PresetSpeed(28, 0.0, value, 32, 4) for name, value in each.items()}
    return MachineSpeed("here", "CPU float32", 28, 1, presets)


class _Set(SimpleNamespace):
    def __init__(self, count: int, **shape: Any) -> None:
        super().__init__(**shape)
        self._count = count

    def __len__(self) -> int:
        return self._count


def test_it_measures_by_itself_and_anew_for_pictures_of_another_shape(
    qtbot: QtBot, meter: MachineMeter, studio: Studio, picture_folder: Path
) -> None:
    qtbot.waitUntil(lambda: meter.speed is not None, timeout=WAIT)
    assert meter.speed is not None
    assert (meter.speed.image_size, meter.speed.channels) == (28, 1)
    studio.open_data([picture_folder], PrepareOptions())
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    assert meter.seconds("tiny", 32, 100) is None
    qtbot.waitUntil(lambda: meter.seconds("tiny", 32, 100) is not None, timeout=WAIT)
    assert (meter.speed.image_size, meter.speed.channels) == (16, 3)


def test_it_waits_while_anything_else_runs(
    qtbot: QtBot, meter: MachineMeter, backend: Backend
) -> None:
    busy = backend.submit(endless("Training"))
    asked = backend.submit(endless("Drawing", Lane.INTERACTIVE))
    qtbot.waitUntil(lambda: asked.progress is not None and asked.progress.done > 9, timeout=WAIT)
    idle = next(job for job in backend.jobs.values() if job.spec.lane is Lane.IDLE)
    done = idle.progress
    backend.cancel(asked)
    qtbot.wait(200)
    assert idle.progress is done
    assert meter.speed is None
    backend.cancel(busy)
    qtbot.waitUntil(lambda: meter.speed is not None, timeout=WAIT)


def test_it_can_be_switched_off(qtbot: QtBot, studio: Studio, backend: Backend) -> None:
    preferences = Preferences(open_settings())
    preferences.set("measure", False)
    meter = MachineMeter(studio, ActionRegistry(), preferences)
    qtbot.waitUntil(lambda: backend.device is not None, timeout=WAIT)
    assert not backend.jobs
    assert meter.speed is None


def test_switched_off_it_stops_and_its_figures_go(
    qtbot: QtBot, fake: FakeBackend, form: RequestForm[TrainRequest]
) -> None:
    preferences = Preferences(open_settings())
    meter = MachineMeter(Studio(fake), ActionRegistry(), preferences)
    estimate = TimeEstimate(meter, form)
    qtbot.addWidget(estimate)
    fake.start()
    (job,) = fake.jobs.values()
    assert (meter.measuring, estimate.isHidden()) == (True, False)
    preferences.set("measure", False)
    assert job.state is State.CANCELLED
    assert estimate.isHidden()
    preferences.set("measure", True)
    assert (meter.measuring, estimate.isHidden()) == (True, False)


def test_switched_off_it_still_tells_of_other_pictures(qtbot: QtBot, fake: FakeBackend) -> None:
    studio: Any = Studio(fake)
    preferences = Preferences(open_settings())
    preferences.set("measure", False)
    meter = MachineMeter(studio, ActionRegistry(), preferences)
    form = TrainingForm()
    qtbot.addWidget(form)
    choice = BudgetChoice(studio, meter, form, WarmStartChoice(studio))
    qtbot.addWidget(choice)
    choice.choose("night")
    shape = PictureShape(16, 16, 3)
    studio.dataset = _Set(12, shape=shape, class_names=(), image_size=16, channels=3)
    studio.data_changed.emit()
    fake.finish(fake.job("Looking for models to start from"), [BaseRun(Path(), "Toy", "tiny", "")])
    assert not choice.start_from.isHidden(), "it is worthwhile for few pictures"


def test_the_words_are_the_measured_seconds_times_the_pictures(
    qtbot: QtBot, meter: MachineMeter, form: RequestForm[TrainRequest]
) -> None:
    form.set_value({"preset": "tiny"})
    estimate = TimeEstimate(meter, form)
    qtbot.addWidget(estimate)
    assert not estimate.isHidden()
    assert "About" not in estimate.text()
    meter.speed = speed({"tiny": 360 / RECOGNISABLE})
    meter.changed.emit()
    assert "About 6 min to first recognisable" in estimate.text()
    assert "on this CPU" in estimate.text()
    form.set_value({"steps": 10 * RECOGNISABLE // 32, "batch_size": 32})
    assert "1 h in all" in estimate.text()
    form.set_value({"accumulation": 2})
    assert "2 h in all" in estimate.text()
    form.set_value({"minutes": 90.0})
    assert "1 h 30 min in all" in estimate.text()
    form.set_value({"minutes": None, "epochs": 3.0})
    assert "when the pictures are read" in estimate.text()
    form.set_value({"epochs": None})
    assert f"{RECOGNISABLE:,} pictures" in estimate.toolTip()
    box = form.editor("preset")
    assert isinstance(box, QComboBox)
    assert [box.itemText(row) for row in range(2)] == ["tiny · shapes in 6 min", "small"]
    assert form.value().preset == "tiny"
    form.set_value({"preset": "ddpm32"})
    assert "not known: too large a network" in estimate.text()


def test_epochs_are_of_the_pictures_that_are_not_held_out(
    qtbot: QtBot, fake: FakeBackend, form: RequestForm[TrainRequest]
) -> None:
    studio: Any = Studio(fake)
    meter = MachineMeter(studio, ActionRegistry(), Preferences(open_settings()))
    studio.dataset = _Set(100_000, image_size=28, channels=1)
    estimate = TimeEstimate(meter, form)
    qtbot.addWidget(estimate)
    meter.speed = speed({"tiny": 0.036})
    for share, text in ((0.0, "10 h"), (0.01, "9 h 54 min"), (0.5, "9 h 35 min")):
        # Half of them would be more than 4,096, the most that are held out.
        form.set_value({"preset": "tiny", "epochs": 10.0, "held_out": share})
        meter.changed.emit()
        assert f"{text} in all" in estimate.text()


@pytest.mark.parametrize("points", [9.0, 9.7, 10.0, 11.3])
def test_the_form_below_stays_where_it_is_when_an_estimate_goes(
    qtbot: QtBot, meter: MachineMeter, points: float
) -> None:
    form = RequestForm(TrainRequest)
    column = QWidget()
    layout = QVBoxLayout(column)
    estimate = TimeEstimate(meter, form)
    font = estimate.font()
    font.setPointSizeF(points)
    estimate.setFont(font)
    layout.addWidget(estimate)
    layout.addWidget(form)
    column.resize(320, 640)
    qtbot.addWidget(column)
    meter.speed = speed({"tiny": 1e-3})
    meter.changed.emit()
    column.show()
    qtbot.waitExposed(column)
    top = form.y()
    meter.speed = None
    meter.changed.emit()
    assert "About" not in estimate.text()
    qtbot.wait(50)
    assert form.y() == top
