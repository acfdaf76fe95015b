import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Terminal

FAST = ["--device", "cpu", "--count", "2"]


@pytest.fixture
def own_run(trained: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    return copy


def test_the_parts_make_the_whole(terminal: Terminal, own_run: Path, tmp_path: Path) -> None:
    out = tmp_path / "bits.json"
    said = terminal("bits", own_run, "--out", out, "--json", "--batch", 5, *FAST)
    assert said.code == 0
    assert "Measuring bits/dim" in said.err
    told = json.loads(said.out)
    assert told == json.loads(out.read_text())
    assert told["total"] == pytest.approx(told["prior"] + sum(told["bits"]), abs=1e-6)
    assert told["t"] == list(range(1, 21))
    assert (np.diff(told["rate"]) <= 0).all()
    assert told["flow"] is None
    assert told["recipe"]["checkpoint"] == 4
    lines = terminal("bits", own_run, *FAST).out.splitlines()
    assert lines[0] == f"Bits/dim    {told['total']:9.4f} ± {told['standard_error']:.4f}"
    parts = [float(line.split()[-1]) for line in lines[1:4]]
    assert sum(parts) == pytest.approx(told["total"], abs=2e-4)
    assert lines[-1] == "Over 2 pictures and all 20 timesteps."


def test_table_4(terminal: Terminal, own_run: Path) -> None:
    told = json.loads(terminal("bits", own_run, "--json", *FAST).out)
    head, *rows = terminal("bits", own_run, "--table", *FAST).out.splitlines()
    assert head.split("   ") == [
        "Reverse process time (T−t+1)",
        "Rate (bits/dim)",
        "Distortion (RMSE [0, 255])",
    ]
    cells = [[float(cell) for cell in row.split()] for row in rows]
    assert [row[0] for row in cells] == [20, 18, 16, 14, 12, 10, 8, 6, 4, 2]
    for time, rate, distortion in cells:
        t = 20 - int(time) + 1
        assert rate == pytest.approx(told["prior"] + sum(told["bits"][t:]), abs=1e-5)
        assert distortion == pytest.approx(127.5 * told["x0_mse"][t - 1] ** 0.5, abs=1e-5)


def test_fewer_timesteps_are_called_an_estimate(terminal: Terminal, own_run: Path) -> None:
    said = terminal("bits", own_run, "--timesteps", 8, *FAST)
    assert said.out.splitlines()[-1].startswith("Over 2 pictures; Σ is estimated from ")
    assert said.out.splitlines()[-1].endswith(" of 20 timesteps.")
    rows = terminal("bits", own_run, "--timesteps", 8, "--table", *FAST).out.splitlines()[1:]
    times = [int(row.split()[0]) for row in rows]
    assert times[0] == 20
    assert times == sorted(set(times), reverse=True)


def test_the_flow_and_pictures_of_ones_own(
    terminal: Terminal, own_run: Path, pictures: Path
) -> None:
    said = terminal("bits", own_run, pictures / "003.png", "--flow", "--device", "cpu")
    assert said.code == 0
    assert "Following the flow" in said.err
    flow = next(line for line in said.out.splitlines() if line.startswith("By the flow"))
    assert 0 < float(flow.split()[-1]) < 30
    assert said.out.splitlines()[-1].startswith("Over 1 picture ")
    assert "±" not in said.out


def test_refusals_are_one_line(
    terminal: Terminal, own_run: Path, pictures: Path, tmp_path: Path
) -> None:
    cases: list[tuple[list[object], str]] = [
        ([own_run, "--timesteps", 21], "20 of this model"),
        ([own_run, tmp_path / "none"], "none"),
        ([pictures], "not a run folder"),
        ([own_run, "--out", tmp_path / "a.png"], "ends with .png"),
        ([own_run, "--out", tmp_path / "no" / "a.json"], "does not exist"),
    ]
    for words, cause in cases:
        said = terminal("bits", *words, "--device", "cpu")
        assert said.code == 1, words
        assert cause in said.error
        assert said.out == ""
    assert not (own_run / "bits").exists()
    said = terminal("bits", own_run, "--timesteps", 2)
    assert said.code == 2
    assert "--timesteps" in said.error
