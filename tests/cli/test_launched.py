"""Commands on ranks that an external launcher such as torchrun has started."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ddpm_studio.data import preparing
from ddpm_studio.runs import RunFolder
from tests.cli.conftest import QUIET, Other, Terminal, free_port, write_pictures
from tests.processes import hear


def _said(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, error = process.communicate(timeout=150)
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
    # A stored result needs no other rank.
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


@pytest.mark.parametrize(("name", "value"), [("RANK", "2"), ("MASTER_PORT", "x"), ("RANK", "-1")])
def test_an_environment_that_makes_no_sense_is_told_of(
    terminal: Terminal,
    trained: Path,
    other_rank: Other,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv(name, value)
    said = terminal("bits", trained)
    assert said.code == 1
    assert "What the environment says of the ranks makes no sense" in said.error


def test_a_port_that_is_taken_is_told_of(
    terminal: Terminal, trained: Path, other_rank: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "0")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("MASTER_PORT", str(port))
        said = terminal("sample", trained, "--out", "never.npz", "--device", "cpu")
    assert said.code == 1
    assert f"This rank can't listen at port {port} of 127.0.0.1." in said.error


def test_other_commands_are_rank_0s_alone(other_rank: Other, own_run: Path, tmp_path: Path) -> None:
    words = ("export", own_run, "--out", tmp_path / "exported")
    assert _said(other_rank(*words)) == (0, "", "")
    assert not (tmp_path / "exported").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_rank_that_waits_for_rank_0_ends_when_it_is_asked_to(
    other_rank: Other, trained: Path
) -> None:
    from ddpm_studio.jobs.machine.ranks.place import RankPlace

    other = other_rank("bits", trained)
    place = RankPlace.from_environment()
    assert place is not None
    store = place.connect()
    while not store.check(["beat/1"]):
        assert other.poll() is None
    other.send_signal(signal.SIGTERM)
    assert _said(other)[0] == 1


def _torchrun(*words: object, **options: object) -> list[str]:
    given = {"nproc-per-node": 2, **{name.replace("_", "-"): one for name, one in options.items()}}
    launcher = [sys.executable, "-m", "torch.distributed.run"]
    launcher += [f"--{name}={value}" for name, value in given.items()]
    return [*launcher, "-m", "ddpm_studio", *map(str, words)]


def _started(words: list[str], cache: Path | None = None) -> subprocess.Popen[str]:
    own = {} if cache is None else {"DDPM_STUDIO_CACHE": str(cache)}
    return subprocess.Popen(
        words,
        env={**os.environ, "OMP_NUM_THREADS": "1", **own},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=None if sys.platform == "win32" else hear,
    )


def _ended(process: subprocess.Popen[str]) -> str:
    out, error = process.communicate()
    assert process.returncode == 0, error
    return out


def _weights(run: Path) -> list[bytes]:
    return [file.read_bytes() for file in sorted(RunFolder.open(run).newest().path.glob("*.saf*"))]


@pytest.mark.slow
def test_torchrun_trains_measures_and_draws(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    settings = [*QUIET, "--batch-size", "4", "--steps", "3"]
    words: tuple[object, ...] = ("train", pictures, "--out", run, *settings)
    assert _ended(_started(_torchrun(*words))) == f"{run}\n"
    assert RunFolder.open(run).newest().state()["ranks"] == 2
    words = ("bits", run, "--json", "--device", "cpu")
    told = _ended(_started(_torchrun(*words)))
    shutil.rmtree(run / "bits")
    assert terminal(*words).out == told
    words = ("evaluate", run, "--count", 70, "--device", "cpu", "--json")
    told = _ended(_started(_torchrun(*words)))
    assert terminal(*words).out == told


@pytest.mark.slow
def test_two_machines_with_disks_of_their_own_train_as_one(
    terminal: Terminal, tmp_path: Path
) -> None:
    # Enough files for the second machine to help prepare them.
    pictures = write_pictures(tmp_path / "pictures", preparing._POOL_MIN_FILES + 50)
    settings = [*QUIET, "--batch-size", "4", "--steps", "3"]
    one = ("train", pictures, "--run", tmp_path / "one", *settings, "--devices", "cpu,cpu")
    assert terminal(*one).code == 0
    words = ("train", pictures, "--out", tmp_path / "two", *settings)
    meeting = {"nnodes": 2, "nproc_per_node": 1, "master_addr": "127.0.0.1"}
    port = free_port()
    machines = [
        _started(
            _torchrun(*words, **meeting, master_port=port, node_rank=number),
            tmp_path / f"cache-{number}",
        )
        for number in range(2)
    ]
    for machine in machines:
        _ended(machine)
    assert _weights(tmp_path / "two") == _weights(tmp_path / "one")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_torchrun_hands_a_notice_on_and_the_same_command_goes_on(
    terminal: Terminal, pictures: Path, tmp_path: Path
) -> None:
    settings = [*QUIET, "--batch-size", "4", "--steps", "30", "--checkpoint-every", "2"]
    one = ("train", pictures, "--run", tmp_path / "one", *settings, "--devices", "cpu,cpu")
    assert terminal(*one).code == 0
    run = tmp_path / "two"
    words = ("train", pictures, "--out", run, *settings, "--requeue", "--json")
    launcher = _torchrun(*words, signals_to_handle="SIGTERM,SIGUSR1", shutdown_timeout=100)
    process = _started(launcher)
    assert process.stdout is not None
    assert any(json.loads(line)["event"] == "checkpoint" for line in process.stdout)
    process.send_signal(signal.SIGUSR1)
    out, error = process.communicate()
    stopped = json.loads(out.splitlines()[-1])
    assert stopped["event"] == "stopped", error
    assert 2 <= RunFolder.open(run).newest().step == stopped["step"] < 30
    _ended(_started(launcher))
    assert _weights(run) == _weights(tmp_path / "one")
