"""CONTRIBUTING.md: its files exist, its code is that of the toy package, its diagrams hold."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from ddpm_studio import catalogue
from ddpm_studio.catalogue import plugins
from tests.catalogue.conftest import site, toy

__all__ = ["site", "toy"]

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^<!-- (\S+) -->\n```\w+\n(.*?)```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("name", "shown"), BLOCKS, ids=[name for name, _ in BLOCKS])
def test_what_is_shown_is_what_is_tested(name: str, shown: str) -> None:
    assert shown == (ROOT / name).read_text(encoding="utf-8")


def test_the_files_named_are_there() -> None:
    named = re.findall(r"`((?:ddpm_studio|tests)/[^`]*)`", TEXT)
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


def floors(drawn: str) -> list[list[str]]:
    """Return the package names on each line of a layer diagram, without the remarks."""
    return [re.split(r" {3,}", line)[0].split() for line in drawn.strip().splitlines()]


def test_the_pictures_of_the_floors_are_the_contracts() -> None:
    drawn = re.findall(r"^```text\n(.*?)```$", TEXT, re.MULTILINE | re.DOTALL)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = {
        contract["name"]: [re.findall(r"(\w+)(?: [:|]|$)", layer) for layer in contract["layers"]]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    }
    assert floors(drawn[0]) == layers["Imports point one way"]
    assert floors(drawn[1]) == layers["The floors of the window"]


def test_the_table_names_every_kind() -> None:
    for table in catalogue.KINDS.values():
        assert f"`{table.accepts.__name__}`" in TEXT


def test_what_another_package_can_add_is_in_the_toy(toy: Path) -> None:
    """The toy package has an entry for every row with "yes"; only commands have another answer."""
    rows = re.findall(r"^\| ([^|]+) \|.*\| (\w[^|]*) \|$", TEXT, re.MULTILINE)
    answers = {adding: answer for adding, answer in rows if adding != "adding"}
    assert {adding for adding, answer in answers.items() if answer != "yes"} == {
        "command of the terminal"
    }
    assert len(answers) == len(catalogue.KINDS) + 1
    assert "toy-l1" in catalogue.LOSSES
    (plugin,) = (one for one in plugins.loaded() if not one.problem)
    assert {kind for kind, _ in plugin.entries} == set(catalogue.KINDS)
