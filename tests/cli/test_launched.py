"""Commands on ranks that something else has started, as torchrun does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.runs import RunFolder
from tests.cli.conftest import QUIET, Other, Terminal


def _said(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, error = process.communicate(timeout=60)
    return process.returncode, out, error


@pytest.fixture
def own_run(trained: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "run"
    shutil.copytree(trained, copy)
    return copy


def test_bits_are_measured_by_both_and_told_by_one(
    terminal: Terminal, own_run: Path, other_rank: Other
) -> None:
    words = ("bits", own_run, "--json", "--device", "cpu", "--batch", 7)
    one = terminal(*words)
    shutil.rmtree(own_run / "bits")
    other = other_rank(*words)
    assert terminal(*words).out == one.out
    assert _said(other) == (0, "", "")
    # What is known needs nobody.
    other = other_rank(*words)
    assert terminal(*words).out == one.out
    assert _said(other) == (0, "", "")


def test_samples_are_drawn_by_both_and_written_by_one(
    terminal: Terminal, trained: Path, other_rank: Other, tmp_path: Path
) -> None:
    words = ("sample", trained, "--count", 70, "--device", "cpu", "--steps", 2, "--out")
    assert terminal(*words, tmp_path / "one.npz").code == 0
    other = other_rank(*words, tmp_path / "two.npz")
    assert terminal(*words, tmp_path / "two.npz").code == 0
    assert _said(other) == (0, "", "")
    with np.load(tmp_path / "one.npz") as one, np.load(tmp_path / "two.npz") as two:
        assert np.array_equal(one["arr_0"], two["arr_0"])


def test_where_rank_0_refuses_the_others_leave(
    terminal: Terminal, trained: Path, other_rank: Other, tmp_path: Path
) -> None:
    words = ("train", tmp_path / "nowhere", "--run", tmp_path / "run")
    other = other_rank(*words)
    assert "There is no file or folder" in terminal(*words).error
    assert _said(other) == (0, "", "")
    said = terminal("bits", trained, "--devices", "cpu,cpu")
    assert "Each process that torchrun has started has its device" in said.error


def test_other_commands_are_rank_0s_alone(other_rank: Other, own_run: Path, tmp_path: Path) -> None:
    words = ("export", own_run, "--out", tmp_path / "exported")
    assert _said(other_rank(*words)) == (0, "", "")
    assert not (tmp_path / "exported").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_rank_that_waits_for_rank_0_ends_when_it_is_asked_to(
    other_rank: Other, trained: Path
) -> None:
    from ddpm_studio.jobs.machine.ranks.place import Place

    other = other_rank("bits", trained)
    place = Place.from_environment()
    assert place is not None
    store = place.connect()
    while not store.check(["beat/1"]):
        assert other.poll() is None
    other.send_signal(signal.SIGTERM)
    assert _said(other)[0] == 1


@pytest.mark.slow
def test_torchrun_trains_measures_and_draws(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    def torchrun(*words: object) -> str:
        launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
        return subprocess.run(
            [*launcher, "-m", "ddpm_studio", *map(str, words)],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    run = tmp_path / "run"
    settings = [*QUIET, "--batch-size", "4", "--steps", "3"]
    assert torchrun("train", pictures, "--out", run, *settings) == f"{run}\n"
    assert RunFolder.open(run).newest().state()["ranks"] == 2
    words = ("bits", run, "--json", "--device", "cpu")
    told = torchrun(*words)
    shutil.rmtree(run / "bits")
    assert terminal(*words).out == told
    evaluating = ("evaluate", run, "--count", 70, "--device", "cpu", "--json")
    told = torchrun(*evaluating)
    assert terminal(*evaluating).out == told
