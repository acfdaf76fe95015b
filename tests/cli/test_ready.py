"""Ready models and sample sets by name in the terminal, and the command ``publish``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import ready_models
from tests.cli.conftest import QUIET, Terminal
from tests.ready_models import ready, toy_packed, toy_pictures, toy_run

__all__ = ["ready", "toy_packed", "toy_pictures", "toy_run"]

FAST = ["--device", "cpu", "--steps", "2"]


@pytest.fixture(autouse=True)
def _own_folders(own_folders: None) -> None:
    """Give each test folders of its own."""


def test_a_ready_model_is_asked_by_its_name(
    terminal: Terminal, ready: Path, tmp_path: Path
) -> None:
    before = ready_models.contents(ready)
    said = terminal("info", "ready:toy")
    assert said.code == 0, said.err
    assert "Title        Toy" in said.out
    assert "stored in half precision, inference in float32" in said.out
    assert json.loads(terminal("info", "ready:toy", "--json").out)["license"] == "mit"
    assert "ready:toy" in terminal("info").out
    assert json.loads(terminal("info", "--json").out)["ready"] == ["ready:toy"]
    for words in (
        ["sample", "ready:toy", "--out", tmp_path / "a.png", "--count", "2", *FAST],
        ["share", "ready:toy", "--out", tmp_path / "b.png", "--count", "2", "--t", "5", *FAST],
        ["export", "ready:toy", "--diffusers", tmp_path / "pipe"],
    ):
        said = terminal(*words)
        assert said.code == 0, said.err
    assert "saved without raw weights" in (
        terminal("sample", "ready:toy", "--weights", "raw", "--out", tmp_path / "c.png").error
    )
    assert "no ready model 'other'. There are: ready:toy." in terminal("info", "ready:other").error
    assert ready_models.contents(ready) == before


def test_it_is_fine_tuned_and_not_resumed(
    terminal: Terminal, ready: Path, toy_pictures: Path, tmp_path: Path
) -> None:
    before = ready_models.contents(ready)
    assert "packed to be shared" in terminal("train", "--run", ready, "--resume").error
    own = tmp_path / "own"
    words = [toy_pictures, "--run", own, "--from", "ready:toy", "--steps", "1", *QUIET]
    said = terminal("train", *words)
    assert said.code == 0, said.err
    assert json.loads((own / "run.json").read_text())["start_from"] == str(ready)
    assert ready_models.contents(ready) == before


def test_publish(terminal: Terminal, toy_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "'--title'" in terminal("publish", toy_run, out, "--license", "mit").error
    words = ["publish", toy_run, out, "--title", "Toy", "--license", "mit", "--json"]
    said = terminal(*words)
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["model"] == str(out)
    assert told["bytes"] == sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    assert "already holds files" in terminal(*words).error


def test_sample_sets_are_named_where_pictures_are(terminal: Terminal) -> None:
    said = terminal("data", "sample:emoji", "--image-size", "8", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["image_size"] == 8
    assert "no sample set 'x'. There are: fashion-mnist, emoji." in (
        terminal("data", "sample:x").error
    )
