"""Options of a plug-in's optimiser in requests, forms, the terminal, Python and runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from pytestqt.qtbot import QtBot
from torch import nn

import ddpm_studio as ds
from ddpm_studio.engine.optimizers import optimizer
from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.widgets.forms.number_boxes import FloatBox
from ddpm_studio.gui.widgets.forms.options_box import OptionsBox
from ddpm_studio.requests import TrainRequest
from tests.catalogue.installing import seen
from tests.cli.conftest import QUIET, Terminal

TOY = ("--optimizer", "toy-sign", "--optimizer-options", "momentum=0.9")


def test_momentum_is_heeded(toy: Path) -> None:
    """After a gradient of 3, one of −1 reverses the step at momentum 0, but not at 0.5."""
    weights = []
    for momentum in (0.0, 0.5):
        layer = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(layer.weight)
        made = optimizer("toy-sign", layer, momentum=momentum)
        for slope in (3.0, -1.0):
            layer.weight.grad = torch.full_like(layer.weight, slope)
            made.step(0.25, torch.tensor(True))
        weights.append(layer.weight.item())
    assert weights == [0.0, -0.5]


def test_options_of_an_optimiser_are_those_of_its_entry(toy: Path) -> None:
    layer = nn.Linear(1, 1)
    with pytest.raises(ValueError, match="adam has no momentum"):
        optimizer("adam", layer, momentum=0.5)
    with pytest.raises(ValueError, match="toy-sign has no beta; it takes momentum"):
        optimizer("toy-sign", layer, beta=0.5)
    with pytest.raises(ValueError, match=r"momentum must be 0\.\.0\.99, not 1"):
        optimizer("toy-sign", layer, momentum=1)
    with pytest.raises(ValueError, match=r"weight_decay must be 0\.\.1, not nan"):
        optimizer("adamw", layer, weight_decay=float("nan"))
    assert optimizer("adamw", layer)._optimizer.param_groups[0]["weight_decay"] == 0.01  # type: ignore[attr-defined]


def test_a_request_checks_and_keeps_them(toy: Path) -> None:
    asked = TrainRequest(optimizer="toy-sign", optimizer_options={"momentum": 0.9})
    assert asked.model_dump()["optimizer_options"] == {"momentum": 0.9}
    assert "optimizer_options" not in TrainRequest(optimizer="toy-sign").model_dump()
    for chosen, options, message in (
        ("adam", {"momentum": 0.9}, "adam has no momentum"),
        ("toy-sign", {"beta": 0.9}, "toy-sign has no beta; it takes momentum"),
        ("toy-sign", {"momentum": 2}, r"momentum must be 0\.\.0\.99, not 2"),
        ("adamw", {"weight_decay": 0.5}, "weight_decay has a field of its own"),
    ):
        with pytest.raises(ValidationError, match=message):
            TrainRequest(optimizer=chosen, optimizer_options=options)


def test_a_form_shows_those_of_the_chosen_optimiser(toy: Path, qtbot: QtBot) -> None:
    form = RequestForm(TrainRequest)
    qtbot.addWidget(form)
    form.show()
    box = form.editor("optimizer_options")
    assert isinstance(box, OptionsBox)
    assert not box.isVisible()
    assert form.value().optimizer_options == {}
    form.set_value({"optimizer": "toy-sign"})
    (number,) = box.findChildren(FloatBox)
    assert number.isVisible()
    assert number.accessibleName() == "Momentum"
    number.setValue(0.5)
    assert form.value().optimizer_options == {"momentum": 0.5}
    form.set_value({"optimizer": "adam"})
    assert not box.isVisible()
    assert form.value().optimizer_options == {}
    form.set_value(TrainRequest(optimizer="toy-sign", optimizer_options={"momentum": 0.25}))
    assert number.value() == 0.25
    form.reset()
    assert number.value() == 0.0


def test_without_such_optimisers_a_form_has_no_field_for_them(qtbot: QtBot) -> None:
    form = RequestForm(TrainRequest)
    qtbot.addWidget(form)
    assert "optimizer_options" not in form.fields


def test_the_terminal_trains_with_them_and_further(
    site: Path, pictures: Path, terminal: Terminal, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    toy = (*QUIET, *TOY, "--learning-rate-schedule", "constant")
    with seen(site):
        said = terminal("train", pictures, "--run", run, "--steps", "1", *toy)
        assert said.code == 0, said.err
        told = json.loads((run / "run.json").read_text())
        assert told["request"]["optimizer_options"] == {"momentum": 0.9}
        said = terminal("train", "--run", run, "--resume", "--steps", "2", "--device", "cpu")
        assert said.code == 0, said.err
        again = terminal("train", pictures, "--run", tmp_path / "b", "--steps", "2", *toy)
        assert again.code == 0, again.err
        weights = [
            next((at / "checkpoints").glob("*2")).joinpath("model.safetensors").read_bytes()
            for at in (run, tmp_path / "b")
        ]
        assert weights[0] == weights[1]
        for wrong in ("beta=0.1", "momentum=2", "momentum"):
            words = (*TOY[:3], wrong)
            said = terminal("train", pictures, "--run", tmp_path / "c", *words)
            assert said.code == 2
            assert "'--optimizer-options'" in said.error
    settings = ds.open(run).settings
    assert settings is not None
    assert settings.optimizer_options == {"momentum": 0.9}


def test_python_trains_with_them(toy: Path, pictures: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"optimizer": "toy-sign", "optimizer_options": {"momentum": 0.9}}
    small: dict[str, Any] = {"batch_size": 2, "image_size": 16, "timesteps": 20, "sample_count": 0}
    run = ds.train(pictures, run=tmp_path / "run", steps=1, device="cpu", **small, **options)
    assert run.settings is not None
    assert run.settings.optimizer_options == {"momentum": 0.9}
    with pytest.raises(ds.StudioError, match="toy-sign has no beta; it takes momentum"):
        ds.train(pictures, run=tmp_path / "b", **{**options, "optimizer_options": {"beta": 1}})
