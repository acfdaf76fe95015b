"""Names in a file that this process does not know: reported as unknown, never as damage."""

from __future__ import annotations

import importlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

import ddpm_studio as ds
from ddpm_studio import catalogue
from ddpm_studio.backend import Backend
from ddpm_studio.catalogue import plugins
from ddpm_studio.catalogue.origins import from_file
from ddpm_studio.errors import StudioError
from ddpm_studio.export import save_png
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.jobs.drawing.python_cell import python_cell
from ddpm_studio.jobs.drawing.recipes import read_parsed_recipe
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.info import ProcessInfo
from tests.catalogue.installing import TOY
from tests.cli.conftest import QUIET, Terminal
from tests.gui.panel_help import WAIT, opened

HERE = "which is not known here"
REMEDY = "Install what adds it, a package with an entry point of the group ddpm_studio.plugins"


@pytest.fixture
def own_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A network and its preset, registered in this process without a plug-in package."""
    monkeypatch.syspath_prepend(str(TOY))
    toy_plugin = importlib.import_module("toy_plugin")
    kinds = {catalogue.NetworkInfo: catalogue.NETWORKS, catalogue.PresetInfo: catalogue.PRESETS}
    added = [(kinds[type(one)], one) for one in toy_plugin.ENTRIES if type(one) in kinds]
    for table, entry in added:
        table.add(entry)  # type: ignore[attr-defined]
    yield
    forget()
    for module in [name for name in sys.modules if name.partition(".")[0] == "toy_plugin"]:
        del sys.modules[module]


def forget() -> None:
    """Remove the network and its preset from the catalogue again."""
    for table, name in ((catalogue.NETWORKS, "toy-net"), (catalogue.PRESETS, "toy-small")):
        if name in table:
            table.remove(name)


@pytest.fixture
def own_run(own_network: None, pictures: Path, terminal: Terminal, tmp_path: Path) -> Path:
    """A run of a network that is no longer registered, as in another process."""
    run = tmp_path / "own"
    words = ("--preset", "toy-small", "--image-size", "10")
    said = terminal("train", pictures, "--run", run, "--steps", "1", *QUIET, *words)
    assert said.code == 0, said.err
    forget()
    return run


Changed = Callable[[dict[str, Any]], Path]


@pytest.fixture
def changed(trained: Path, tmp_path: Path) -> Changed:
    """Return a function that copies the run and edits run.json, as by {"request.loss": "hinge"}."""

    def change(words: dict[str, Any]) -> Path:
        run = shutil.copytree(trained, tmp_path / "changed")
        told = json.loads((run / "run.json").read_text())
        for place, value in words.items():
            *above, key = place.split(".")
            part = told
            for name in above:
                part = part[name]
            part[key] = value
        (run / "run.json").write_text(json.dumps(told))
        return run

    return change


def test_where_it_is_known_it_says_whose_it_is(own_run: Path) -> None:
    told = json.loads((own_run / "run.json").read_text())
    assert told["plugins"] == {
        "preset toy-small": "network.py (no plug-in)",
        "network toy-net": "network.py (no plug-in)",
    }


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "of before"])
def test_the_terminal_and_python_name_the_network(
    own_run: Path, terminal: Terminal, tmp_path: Path, recorded: bool
) -> None:
    told = json.loads((own_run / "run.json").read_text())
    if not recorded:
        (own_run / "run.json").write_text(json.dumps(told | {"plugins": {}}))
    said = terminal("info", own_run)
    assert said.code == 0, said.err
    assert "of the kind toy-net, unknown here" in " ".join(said.out.split())
    said = terminal("sample", own_run, "--out", tmp_path / "a.png", "--count", "1")
    of = " of network.py" if recorded else ""
    assert f"needs the network toy-net{of}, {HERE}. {REMEDY}" in said.error
    opened_run = ds.open(own_run)
    with pytest.raises(StudioError, match="needs the network toy-net") as caught:
        opened_run.sample(1)
    assert REMEDY in caught.value.remedy
    assert "damaged" not in str(caught.value)


def test_the_window_opens_it_and_names_the_network(
    own_run: Path, qtbot: QtBot, backend: Backend
) -> None:
    window = opened(qtbot, backend, own_run)
    reverse = window.tool(ReversePanel)
    told = f"needs the network toy-net of network.py, {HERE}"
    qtbot.waitUntil(lambda: told in reverse.messages.text, timeout=WAIT)


# Fields of run.json, with their names in messages: those needed to draw, and those needed only to
# train.
NEEDED = {
    "process.schedule": "schedule",
    "process.parameterization": "parameterization",
    "process.variance": "variance",
}
TRAINS = {
    "request.loss": "loss",
    "request.optimizer": "optimiser",
    "request.learning_rate_schedule": "learning-rate schedule",
    "request.timestep_sampling": "choice of t",
}


@pytest.mark.parametrize("place", NEEDED)
def test_without_what_draws_it_a_run_opens_and_says_what_it_needs(
    changed: Changed, terminal: Terminal, tmp_path: Path, place: str
) -> None:
    run = changed({place: "of-tomorrow"})
    assert terminal("info", run).code == 0
    error = terminal("sample", run, "--out", tmp_path / "a.png", "--count", "1").error
    assert f"needs the {NEEDED[place]} of-tomorrow, {HERE}. {REMEDY}" in error


@pytest.mark.parametrize("place", TRAINS)
def test_without_what_trains_it_a_run_draws(
    changed: Changed, terminal: Terminal, tmp_path: Path, place: str
) -> None:
    run = changed({place: "of-tomorrow"})
    words = ("--out", tmp_path / "a.png", "--count", "1", "--steps", "2")
    assert terminal("sample", run, *words).code == 0
    error = terminal("train", "--run", run, "--resume", "--steps", "5").error
    assert f"needs the {TRAINS[place]} of-tomorrow, {HERE}. {REMEDY}" in error


def test_with_plug_ins_switched_off_that_is_the_remedy(
    changed: Changed, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(plugins.ENV_VARIABLE, plugins.OFF)
    error = terminal(
        "sample", changed({"process.schedule": "x"}), "--out", tmp_path / "a.png"
    ).error
    assert "Switch plug-ins on" in error


def test_a_schedule_of_betas_is_no_unknown_name() -> None:
    told = {"schedule": "betas", "timesteps": 2, "betas": [0.1, 0.2]}
    assert from_file(ProcessInfo, told, None)[1] == {}
    assert from_file(ProcessInfo, told | {"schedule": "x"}, None)[1] == {"schedule x": ""}


def test_a_preset_that_is_gone_is_needed_by_nothing(changed: Changed, terminal: Terminal) -> None:
    run = changed({"request.preset": "of-tomorrow"})
    words = ("--resume", "--steps", "5", "--device", "cpu")
    assert terminal("train", "--run", run, *words).code == 0
    # The run keeps the name: nothing has replaced it.
    told = json.loads((run / "run.json").read_text())
    assert told["request"]["preset"] == "of-tomorrow"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"request.colour": 1}, "has the field request.colour, which is not known here"),
        ({"format_version": 3}, "has the value 3 of format_version, which is not known here"),
        (
            {"request.precision": "fp8"},
            "has the value 'fp8' of request.precision, which is not known here",
        ),
    ],
)
def test_fields_and_values_of_a_newer_version(
    changed: Changed, words: dict[str, Any], said: str
) -> None:
    for version, remedy in (
        ("99.1.0", f"Version 99.1.0 wrote it, this is {ds.__version__}"),
        (ds.__version__, "It may come from a newer version; otherwise it was changed by hand."),
    ):
        run = changed({**words, "versions.ddpm-studio": version})
        with pytest.raises(StudioError) as caught:
            RunFolder.open(run)
        assert said in caught.value.cause
        assert remedy in caught.value.remedy
        assert "damaged" not in str(caught.value)
        shutil.rmtree(run)


def test_what_is_known_and_wrong_is_said_to_be_wrong(changed: Changed) -> None:
    with pytest.raises(StudioError, match=r"can't be read: request\.steps: must be at least 1"):
        RunFolder.open(changed({"request.steps": -1}))


def recipe(run: Path, **request: Any) -> dict[str, object]:
    return {"kind": "sample", "request": {"run": str(run), "count": 1, **request}}


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"sampler": "of-tomorrow"}, rf"p\.png needs the sampler of-tomorrow, {HERE}"),
        ({"colour": 1}, rf"p\.png was drawn with the field colour, {HERE}"),
        ({"weights": "swa"}, rf"p\.png was drawn with the value 'swa' of weights, {HERE}"),
    ],
)
def test_a_picture_drawn_with_what_is_unknown_here(
    trained: Path, tmp_path: Path, told: dict[str, Any], said: str
) -> None:
    path = tmp_path / "p.png"
    save_png(path, np.zeros((1, 8, 8, 3), np.uint8), recipe(trained, **told))
    with pytest.raises(StudioError, match=said):
        read_parsed_recipe(path)


def test_a_picture_of_a_tool_that_is_unknown_here(trained: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    told = recipe(trained) | {"kind": "of-tomorrow"}
    save_png(path, np.zeros((1, 8, 8, 3), np.uint8), told)
    with pytest.raises(StudioError, match=f"a drawing of the kind 'of-tomorrow', {HERE}"):
        read_parsed_recipe(path)
    save_png(path, np.zeros((1, 8, 8, 3), np.uint8), {"kind": "data", "source": "emoji"})
    assert read_parsed_recipe(path) is None


def test_python_for_a_view_says_what_is_unknown_here(trained: Path) -> None:
    with pytest.raises(StudioError, match=f"the field colour, {HERE}"):
        python_cell(recipe(trained, colour=1))
    assert "sampler='of-tomorrow'" in python_cell(recipe(trained, sampler="of-tomorrow"))
