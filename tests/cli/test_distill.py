"""``ddpm-studio distill``: students of a run are trained, resumed, sampled and described."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from ddpm_studio.runs import RunFolder
from tests.cli.conftest import Terminal, spawn

FEW = ("--batch-size", "2", "--device", "cpu", "--precision", "float32", "--sample-count", "0")


@pytest.fixture(scope="module")
def student(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from ddpm_studio.cli import run

    folder = tmp_path_factory.mktemp("students") / "student"
    words = ["distill", str(trained), "--out", str(folder), "--steps", "3", *FEW]
    assert run(words) == 0
    return folder


def test_events_and_result(trained: Path, terminal: Terminal, tmp_path: Path) -> None:
    folder = tmp_path / "student"
    said = terminal("distill", trained, "--run", folder, "--steps", "2", "--json", *FEW)
    assert said.code == 0, said.err
    events = [json.loads(line) for line in said.out.splitlines()]
    assert "started" in [event["event"] for event in events]
    assert events[-1] == {**events[-1], "event": "done", "step": 2, "run": str(folder)}
    info = RunFolder.open(folder).info
    assert info.student is not None
    assert info.student.teacher == str(trained.resolve())


def test_it_goes_on_and_draws(
    student: Path, trained: Path, terminal: Terminal, tmp_path: Path
) -> None:
    said = terminal("distill", trained, "--out", student, "--resume", "--steps", "5", *FEW[2:4])
    assert said.code == 0, said.err
    assert RunFolder.open(student).newest().step == 5
    out = tmp_path / "a.png"
    said = terminal("sample", student, "--out", out, "--count", "2", "--json", "--device", "cpu")
    assert said.code == 0, said.err
    recipe = json.loads(said.out)["recipe"]["request"]
    assert (recipe["sampler"], recipe["steps"]) == ("consistency", 2)
    said = terminal("info", student)
    assert str(trained.resolve()) in "".join(said.out.split())


def test_refusals(student: Path, trained: Path, terminal: Terminal, tmp_path: Path) -> None:
    new = tmp_path / "new"
    for words, code, message in (
        ((trained, "--out", student), 1, "holds a run already"),
        ((student, "--out", new), 1, "is a few-step student itself"),
        ((tmp_path / "none", "--out", new), 1, "does not exist"),
        ((trained, "--out", new, "--preset", "tiny"), 2, "No such option"),
        ((trained, "--out", new, "--minutes", "1", "--steps", "1"), 2, "in steps already"),
        ((trained, "--out", new, "--shrink", "1"), 2, "'--shrink'"),
        ((trained, "--out", student, "--resume", "--stages", "3"), 1, "--stages 8, which can't"),
        ((trained, "--out", trained, "--resume"), 1, "is no few-step student"),
    ):
        said = terminal("distill", *words)
        assert (said.code, message in said.error) == (code, True), said.err
    assert not new.exists()


def test_help_tells_its_own_defaults(terminal: Terminal) -> None:
    said = " ".join(terminal("distill", "--help").out.split())
    assert "Optimiser steps in total. At least 1. Default: 4000." in said
    assert (
        "Decay of the averaged weights, reached by a warm-up. At least 0, below 1. Default: 0.999."
        in said
    )


def test_stopped_it_says_where_it_can_go_on(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "student"
    process = spawn("distill", trained, "--out", folder, "--steps", "100000", "--json", *FEW)
    assert process.stdout is not None
    while json.loads(process.stdout.readline())["event"] != "tick":
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "--resume goes on from there" in err
    assert json.loads(out.splitlines()[-1])["event"] == "stopped"
    assert RunFolder.open(folder).newest().step >= 1
