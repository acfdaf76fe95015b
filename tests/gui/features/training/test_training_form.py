"""Training form: settings follow the network's recipe, except those set by hand."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.catalogue import PRESETS
from ddpm_studio.gui.features.training.training_form import TrainingForm
from ddpm_studio.requests import TrainRequest


@pytest.fixture
def form(qtbot: QtBot) -> TrainingForm:
    made = TrainingForm()
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize("preset", list(PRESETS))
def test_a_network_brings_its_recipe(form: TrainingForm, preset: str) -> None:
    form.set_value({"preset": preset})

    assert form.value() == TrainRequest(preset=preset)


def test_what_a_person_has_set_stays(form: TrainingForm) -> None:
    form.set_value({"batch_size": 7})

    form.set_value({"preset": "ddpm32"})

    assert form.value() == TrainRequest(preset="ddpm32", batch_size=7)


def test_a_request_for_another_network_has_its_recipe(form: TrainingForm) -> None:
    form.set_value({"preset": "ddpm32", "batch_size": 7})

    assert form.value_for("patches") == TrainRequest(preset="patches", batch_size=7)
    assert form.value() == TrainRequest(preset="ddpm32", batch_size=7), "the form stays"


def test_a_request_is_shown_as_it_is(form: TrainingForm) -> None:
    asked = TrainRequest(preset="tiny").model_copy(update={"preset": "ddpm32"})

    form.set_value(asked)

    assert form.value() == asked


def test_reset_brings_the_recipe_of_the_first_network(form: TrainingForm) -> None:
    form.set_value({"preset": "ddpm32", "warmup_steps": 3})

    form.reset()

    assert form.value() == TrainRequest()
