"""Forms, options, help and schemas derived from the catalogue: they offer exactly its entries."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QMenu, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio import catalogue, requests
from ddpm_studio.api.run import Run
from ddpm_studio.catalogue.fields import OneOf, choices_of, one_of
from ddpm_studio.cli.lazy_group import load_command
from ddpm_studio.cli.table import COMMANDS
from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.requests import Request, SamplerRequest, TrainRequest

MODELS = [
    model
    for _, model in inspect.getmembers(requests, inspect.isclass)
    if issubclass(model, Request) and model is not Request
]


def marked(model: type[Request]) -> Iterator[tuple[str, OneOf, list[str]]]:
    """Yield the fields that name an entry of the catalogue, each with the names it allows."""
    for key, field in model.model_fields.items():
        marker = one_of(field)
        if marker is not None:
            table: Any = catalogue.KINDS[marker.table.kind]
            allowed = [name for name, entry in table.items() if marker.allows(name)]
            yield key, marker, allowed


def offered(box: QComboBox) -> dict[str, str]:
    return {box.itemData(k): box.itemText(k) for k in range(box.count()) if box.itemData(k)}


def test_each_kind_that_can_be_asked_for_has_a_field() -> None:
    asked = {marker.table.kind for model in MODELS for _, marker, _ in marked(model)}
    # Networks are chosen by preset, data formats are detected from the files, and each tool has a
    # request class of its own.
    assert asked == set(catalogue.KINDS) - {"network", "data format", "tool"}


@pytest.mark.parametrize("with_toy", [False, True])
def test_fields_schemas_and_validation(request: pytest.FixtureRequest, with_toy: bool) -> None:
    if with_toy:
        request.getfixturevalue("toy")
    for model in MODELS:
        properties = model.model_json_schema()["properties"]
        for key, marker, names in marked(model):
            assert [choice.value for choice in choices_of(model.model_fields[key])] == names
            told = properties[key]
            assert (told.get("enum") or told["anyOf"][0]["enum"]) == names
            with pytest.raises(ValidationError) as wrong:
                model.model_validate({key: "nonsense"})
            message = next(e["msg"] for e in wrong.value.errors() if e["loc"] == (key,))
            assert all(name in message for name in names)
            assert marker.table.kind in catalogue.KINDS
    assert ("toy-walk" in catalogue.SAMPLERS) == with_toy


def test_help_tells_every_name(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {
        f"--{key.replace('_', '-')}": choices_of(model.model_fields[key])
        for model in MODELS
        for key, _, _ in marked(model)
        # The drawing commands offer fewer variances under the same name.
        if (model, key) != (TrainRequest, "variance")
    }
    told = set()
    for command, entry in COMMANDS.items():
        # A command that was built before the package was installed.
        monkeypatch.delitem(sys.modules, f"ddpm_studio.cli.commands.{entry.module}", raising=False)
        for param in load_command(command).params:
            for flag in set(param.opts) & fields.keys():
                told.add(flag)
                for choice in fields[flag]:
                    assert choice.value in str(getattr(param, "help", "")), (command, flag)
    assert told >= {"--sampler", "--schedule", "--loss", "--preset", "--variance"}


def test_a_form_offers_every_entry_by_its_title(toy: Path, qtbot: QtBot) -> None:
    form = RequestForm(TrainRequest)
    qtbot.addWidget(form)
    for key, marker, names in marked(TrainRequest):
        box = form.editor(key)
        assert isinstance(box, QComboBox)
        assert offered(box) == {name: marker.table[name].title for name in names}
        tips = [box.itemData(k, Qt.ItemDataRole.ToolTipRole) for k in range(box.count())]
        assert tips == [marker.table[name].help for name in names]
    form.set_value({"schedule": "toy-sqrt", "loss": "toy-l1", "timestep_sampling": "toy-late"})
    asked = form.value()
    assert (asked.schedule, asked.loss, asked.timestep_sampling) == (
        "toy-sqrt",
        "toy-l1",
        "toy-late",
    )


def test_the_sampler_bar_offers_samplers_and_their_options(toy: Path, qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    bar.show()
    assert offered(bar.sampler) == {name: entry.title for name, entry in catalogue.SAMPLERS.items()}
    keep = bar.options["keep"]
    assert not keep.isVisible()
    bar.sampler.setCurrentIndex(bar.sampler.findData("toy-walk"))
    assert keep.isVisible()
    assert not bar.eta.isEnabled()
    keep.setValue(0.5)
    asked = SamplerRequest(**bar.value())
    assert (asked.sampler, asked.sampler_options) == ("toy-walk", {"keep": 0.5})
    bar.set_value({"sampler": "ddim", "sampler_options": {}})
    assert not keep.isVisible()
    assert bar.eta.isEnabled()
    assert SamplerRequest(**bar.value()).sampler_options == {}


def test_window_terminal_and_python_ask_for_the_same_of_a_drawing(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    texts = {action.text() for menu in bar.findChildren(QMenu) for action in menu.actions()}
    words = texts | {widget.accessibleName() for widget in bar.findChildren(QWidget)}
    flags = {flag for param in load_command("sample").params for flag in param.opts}
    named = inspect.signature(Run.sample).parameters
    for key, field in SamplerRequest.model_fields.items():
        assert f"--{key.replace('_', '-')}" in flags
        assert key in named
        # Device and checkpoint are chosen elsewhere in the window; each sampler option has its own
        # box.
        if key not in ("device", "checkpoint", "sampler_options"):
            assert field.title in words, key


def test_options_of_a_sampler_are_those_of_its_entry(toy: Path) -> None:
    with pytest.raises(ValidationError, match="ddpm has no keep"):
        SamplerRequest(sampler="ddpm", sampler_options={"keep": 0.5})
    with pytest.raises(ValidationError, match="toy-walk has no kept; it takes keep"):
        SamplerRequest(sampler="toy-walk", sampler_options={"kept": 0.5})
    with pytest.raises(ValidationError, match=r"keep must be 0\.\.1, not 2"):
        SamplerRequest(sampler="toy-walk", sampler_options={"keep": 2})
    with pytest.raises(ValidationError, match="eta has a field of its own"):
        SamplerRequest(sampler="ddim", sampler_options={"eta": 0.5})
