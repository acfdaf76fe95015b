import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.runs import evaluations
from tests.cli.conftest import Terminal, write_pictures

FAST = ["--device", "cpu", "--count", "6", "--steps", "2"]


@pytest.fixture
def own_run(trained: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    return copy


def test_a_run_tells_figures_beside_their_floor(terminal: Terminal, own_run: Path) -> None:
    said = terminal("evaluate", own_run, "--json", *FAST)
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert (told["step"], told["samples"], told["reference"], told["floor"]) == (4, 6, 4, 4)
    figures = {one["name"]: one for one in told["figures"]}
    assert figures["frechet"]["value"] > 0
    assert figures["frechet"]["floor"] > 0
    assert figures["frechet"]["better"] == "lower"
    assert "The floor is that of 4 real pictures, not of 6" in said.err
    lines = terminal("evaluate", own_run, *FAST).out.splitlines()
    assert lines[0].split() == ["Samples", "Floor"]
    frechet = next(line for line in lines if line.startswith("Fréchet distance"))
    value, floor = (float(word) for word in frechet.split()[2:])
    assert value == pytest.approx(figures["frechet"]["value"], abs=1e-4)
    assert floor == pytest.approx(figures["frechet"]["floor"], abs=1e-4)
    assert any(line.startswith("Of 6 samples against 4 real pictures, in 7 ") for line in lines)
    assert len(evaluations.read(own_run)) == 2


def test_files_of_any_model_are_compared(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    np.savez(tmp_path / "a.npz", np.zeros((5, 16, 16, 3), np.uint8))
    said = terminal("evaluate", tmp_path / "a.npz", pictures, "--json", "--metric", "frechet")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert (told["step"], told["samples"]) == (None, 5)
    assert [one["name"] for one in told["figures"]] == ["frechet"]


def test_wrong_usage_is_one_line(
    terminal: Terminal, own_run: Path, pictures: Path, tmp_path: Path
) -> None:
    cases: list[tuple[list[object], str]] = [
        ([pictures], "name the pictures to compare with"),
        ([pictures, pictures, "--sampler", "ddim"], "'--sampler': is of no effect with pictures"),
        ([own_run, "--image-size", "8"], "'--image-size': is of no effect with a run"),
        ([own_run, "--metric", "nonsense"], "'nonsense' is not one of 'frechet'"),
        ([own_run, "--count", "1"], "--count"),
    ]
    for words, cause in cases:
        said = terminal("evaluate", *words)
        assert said.code == 2, words
        assert cause in said.error
    empty = write_pictures(tmp_path / "empty", 0)
    assert terminal("evaluate", empty, pictures).code == 1
    assert terminal("evaluate", own_run, "--features", "classifier", *FAST).code == 1


def test_what_is_not_there_is_told_first(terminal: Terminal, tmp_path: Path) -> None:
    said = terminal("evaluate", tmp_path / "none", "--steps", 5)
    assert f"no file or folder {tmp_path / 'none'}" in said.error
