"""Budget choice: a time decides the settings until one of them is changed by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.training.budget_choice import BudgetChoice
from ddpm_studio.gui.features.training.training_form import TrainingForm
from ddpm_studio.gui.features.training.warm_start_choice import WarmStartChoice
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.machine_meter import MachineMeter
from ddpm_studio.gui.workspace.settings import Preferences, open_settings
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.machine.machine_speed import MachineSpeed, PresetSpeed
from ddpm_studio.jobs.training.budget import choose, parse_budget
from tests.gui.fake_backend import FakeBackend


@pytest.fixture
def backend(qtbot: QtBot) -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def studio(backend: FakeBackend) -> Studio:
    return Studio(backend)


@pytest.fixture
def meter(studio: Studio) -> MachineMeter:
    return MachineMeter(studio, ActionRegistry(), Preferences(open_settings()))


@pytest.fixture
def form(qtbot: QtBot) -> TrainingForm:
    made = TrainingForm()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def choice(qtbot: QtBot, studio: Studio, meter: MachineMeter, form: TrainingForm) -> BudgetChoice:
    made = BudgetChoice(studio, meter, form, WarmStartChoice(studio))
    qtbot.addWidget(made)
    made.show()
    return made


def measured(studio: Studio, meter: MachineMeter, size: int = 28, **each: float) -> MachineSpeed:
    """Set the measured seconds per picture of the open set, for each preset."""
    studio.dataset = _Set(image_size=size, channels=1)  # type: ignore[assignment]
    presets = {name: PresetSpeed(size, 0.0, value, 32, 4) for name, value in each.items()}
    meter.speed = MachineSpeed("here", "CPU float32", size, 1, presets)
    meter.changed.emit()
    return meter.speed


class _Set(SimpleNamespace):
    def __len__(self) -> int:
        return 10_000


def chosen(choice: BudgetChoice) -> list[str]:
    return [name for name, one in choice.buttons.items() if one.isChecked()]


def shown(form: TrainingForm, settings: dict[str, object]) -> dict[str, Any]:
    return {key: form.values()[key] for key in settings}


def test_ten_minutes_are_meant_where_nobody_has_chosen(
    choice: BudgetChoice, form: TrainingForm
) -> None:
    assert chosen(choice) == ["10m"]
    assert form.value().minutes == 10
    assert [one.text() for one in choice.buttons.values()] == [
        "2 min", "10 min", "1 h", "Night", "Paper", "Own",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["2m", "1h", "night", "paper"])
def test_a_time_sets_what_suits_this_machine(
    studio: Studio, meter: MachineMeter, choice: BudgetChoice, form: TrainingForm, text: str
) -> None:
    speed = measured(studio, meter, tiny=1 / 40, patches=1 / 60, ddpm32=1.0)
    choice.buttons[text].click()
    wanted = choose(parse_budget(text), speed, pictures=10_000).settings
    assert shown(form, wanted) == wanted
    request = form.value()
    assert (request.minutes is None) == (text == "paper")
    assert chosen(choice) == [text]


def test_it_follows_what_is_measured(
    studio: Studio, meter: MachineMeter, choice: BudgetChoice, form: TrainingForm
) -> None:
    measured(studio, meter, tiny=1 / 40, small=1 / 10)
    assert form.value().preset == "tiny"
    measured(studio, meter, tiny=1 / 40_000, small=1 / 10_000)
    assert form.value().preset == "small"


@pytest.mark.parametrize(
    "change", [{"preset": "small"}, {"steps": 77}, {"batch_size": 3}, {"epochs": 2.0}]
)
def test_a_change_by_hand_makes_the_settings_ones_own(
    studio: Studio,
    meter: MachineMeter,
    choice: BudgetChoice,
    form: TrainingForm,
    change: dict[str, Any],
) -> None:
    measured(studio, meter, tiny=1 / 40)
    form.set_value({"seed": 3, "flip": False})
    assert chosen(choice) == ["10m"]
    form.set_value(change)
    assert chosen(choice) == [""]
    kept = form.values()
    # A later measurement changes nothing that was set by hand.
    measured(studio, meter, tiny=1 / 4000, small=1 / 2000)
    assert form.values() == kept
    assert shown(form, change) == change


def test_steps_that_are_set_by_hand_count(
    studio: Studio, meter: MachineMeter, choice: BudgetChoice, form: TrainingForm
) -> None:
    measured(studio, meter, tiny=1 / 40)
    form.set_value({"preset": "small"})
    assert form.value().minutes == 10
    form.set_value({"steps": 500})
    assert (form.value().steps, form.value().minutes) == (500, None)


def test_smaller_pictures_are_one_click_where_there_would_be_nothing_to_see(
    studio: Studio, meter: MachineMeter, choice: BudgetChoice, form: TrainingForm
) -> None:
    measured(studio, meter, 64, tiny=52 * 60 / 8000)
    assert choice.smaller.isVisible()
    assert choice.smaller.text() == "24 px instead: shapes in about 7 min"
    choice.smaller.click()
    assert studio.options.image_size == 24


def test_settings_of_ones_own_have_a_way_out_too(
    studio: Studio, meter: MachineMeter, choice: BudgetChoice, form: TrainingForm
) -> None:
    measured(studio, meter, 64, tiny=52 * 60 / 8000)
    form.set_value({"steps": 100_000})
    assert chosen(choice) == [""]
    assert choice.smaller.text() == "32 px instead: shapes in about 13 min"
    measured(studio, meter, 64, tiny=1e-3)
    assert not choice.smaller.isVisible()
