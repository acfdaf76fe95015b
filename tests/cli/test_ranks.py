"""Training on several ranks from the terminal: start, signals, killed ranks, and resuming."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ddpm_studio.runs import RunFolder
from tests.cli.conftest import QUIET, Terminal, spawn

PARTS = ("model.safetensors", "ema.safetensors", "optimizer.safetensors")
# Enough that a signal at the first checkpoint comes long before the end.
STEPS, EVERY = 30, 2
# For one device; if an option is repeated, the last one counts.
SETTINGS = [*QUIET, "--batch-size", "4", "--steps", str(STEPS), "--checkpoint-every", str(EVERY)]
TWO = ["--devices", "cpu,cpu"]

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def parts(run: Path, step: int = STEPS) -> list[bytes]:
    return [(run / "checkpoints" / f"step-{step:08}" / name).read_bytes() for name in PARTS]


@pytest.fixture(scope="module")
def through(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> list[bytes]:
    """Checkpoint files of one process trained on the same batches, in two micro-batches each."""
    from ddpm_studio.cli import run

    folder = tmp_path_factory.mktemp("through") / "run"
    halves = ["--batch-size", "2", "--accumulation", "2"]
    assert run(["train", str(pictures), "--run", str(folder), *SETTINGS, *halves]) == 0
    return parts(folder)


def test_two_ranks_make_the_bytes_of_one_process_and_go_on_alone(
    terminal: Terminal, pictures: Path, through: list[bytes], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    said = terminal("train", pictures, "--run", run, *SETTINGS, *TWO)
    assert said.code == 0, said.err
    assert "2 × CPU" in said.err
    assert parts(run) == through
    told = json.loads((run / "run.json").read_text())["request"]
    assert told["devices"] == "cpu,cpu"
    said = terminal("train", "--run", run, "--resume", "--steps", STEPS + 1)
    assert said.code == 0, said.err
    assert "shared by 2 ranks, and is by 1 rank now: the order of sums is another" in said.err


@pytest.mark.parametrize(
    ("devices", "code", "why"),
    [
        ("cpu,cpu,cpu,cpu,cpu", 1, "A batch of 4 can't be shared by 5 ranks."),
        ("0,1", 1, "There is no GPU 0 here; there are none."),
        ("0,0", 2, "no GPU can be two of the devices"),
        ("cpu,tpu", 2, "numbers of GPUs as 0,1,2,3, or all, or cpu,cpu"),
    ],
)
def test_devices_that_are_not_there_are_refused(
    terminal: Terminal, pictures: Path, tmp_path: Path, devices: str, code: int, why: str
) -> None:
    import torch

    if torch.cuda.is_available() and devices == "0,1":
        pytest.skip("there is a GPU")
    run = tmp_path / "run"
    said = terminal("train", pictures, "--run", run, *SETTINGS, "--devices", devices)
    assert said.code == code
    assert why in said.error
    assert not run.exists()


def _start(pictures: Path, run: Path, *words: str) -> subprocess.Popen[str]:
    return spawn("train", pictures, "--run", run, "--json", *SETTINGS, *TWO, *words)


def _wait_for(process: subprocess.Popen[str], step: int) -> psutil.Process:
    """Read events until a checkpoint of that step or a later one is saved; return rank 1."""
    assert process.stdout is not None
    for line in process.stdout:
        told = json.loads(line)
        if told["event"] == "checkpoint" and told["step"] >= step:
            break
    else:
        assert process.stderr is not None
        pytest.fail(process.stderr.read())
    [rank] = psutil.Process(process.pid).children()
    return rank


def _check_goes_on(terminal: Terminal, run: Path, least: int, through: list[bytes]) -> None:
    assert RunFolder.open(run).newest().step >= least
    said = terminal("train", "--run", run, "--resume", *TWO)
    assert said.code == 0, said.err
    assert parts(run) == through


@posix
@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_rank_ends_all_and_the_run_goes_on_to_the_same_bytes(
    terminal: Terminal, pictures: Path, through: list[bytes], tmp_path: Path, rank: int
) -> None:
    run = tmp_path / "run"
    process = _start(pictures, run)
    other = _wait_for(process, EVERY)
    begun = time.monotonic()
    (process if rank == 0 else other).kill()
    _, said = process.communicate(timeout=60)
    psutil.wait_procs([other], timeout=30)
    assert time.monotonic() - begun < 30
    assert not other.is_running()
    if rank == 0:
        assert process.returncode == -signal.SIGKILL
    else:
        assert process.returncode == 1
        [line] = [line for line in said.splitlines() if line.startswith("error:")]
        assert f"Rank 1 (process {other.pid}) was ended by SIGKILL" in line
        assert "The run is saved at step" in line
        assert "Traceback" not in said
    _check_goes_on(terminal, run, EVERY, through)


@posix
@pytest.mark.slow
def test_a_rank_that_hangs_is_ended_within_half_a_minute(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = _start(pictures, run, "--steps", "100000")
    other = _wait_for(process, EVERY)
    begun = time.monotonic()
    other.suspend()
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - begun < 30
    assert process.returncode == 1
    assert said.count("error: Rank 1 has not answered for 12 s. The run is saved at step") == 1
    assert not other.is_running()


@posix
def test_a_notice_of_the_cluster_saves_and_the_same_command_goes_on(
    terminal: Terminal, pictures: Path, through: list[bytes], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    process = _start(pictures, run, "--requeue")
    other = _wait_for(process, EVERY)
    # Any rank may receive the signal.
    other.send_signal(signal.SIGUSR1)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGUSR1, said
    stopped = json.loads(out.splitlines()[-1])
    assert stopped["event"] == "stopped"
    assert stopped["step"] >= EVERY
    assert "error:" not in said
    words = ("train", pictures, "--run", run, *SETTINGS, *TWO, "--requeue")
    assert terminal(*words).code == 0
    assert parts(run) == through
    # Once more, when the training is complete.
    again = terminal(*words)
    assert (again.code, again.out) == (0, f"{run}\n")
    assert parts(run) == through
