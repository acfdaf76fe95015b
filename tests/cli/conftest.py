"""Fixtures to run commands, in this process and in subprocesses, on tiny pictures and tiny runs."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ddpm_studio.cli import run
from tests.processes import hear
from tests.recipe import PAPER_WORDS

# float32, for the same numbers on every machine.
TINY = [
    *("--image-size", "16", "--batch-size", "2", "--timesteps", "20"),
    *("--device", "cpu", "--precision", "float32"),
]
QUIET = [*TINY, "--sample-count", "0", "--seed", "1"]


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The single error line of stderr; asserts that there is exactly one, and no traceback."""
        lines = [line for line in self.err.splitlines() if line.startswith("error:")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


Terminal = Callable[..., Said]
Other = Callable[..., subprocess.Popen[str]]


def write_pictures(folder: Path, count: int, channels: int = 3, seed: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for index in range(count):
        pixels = rng.integers(0, 256, (16, 16, channels), dtype=np.uint8).squeeze()
        Image.fromarray(pixels).save(folder / f"{index:03}.png")
    return folder


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Return a function that runs a command line in this process."""

    def call(*words: object) -> Said:
        capsys.readouterr()
        code = run([str(word) for word in words])
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("data") / "pictures", 8)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    """A run of four steps, which tests must not modify."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    assert (
        run(["train", str(pictures), "--run", str(folder), "--steps", "4", *PAPER_WORDS, *QUIET])
        == 0
    )
    return folder


@pytest.fixture(scope="session")
def class_trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class-conditional run of one step with the classes circle and square."""
    source = tmp_path_factory.mktemp("classes")
    for seed, name in enumerate(("circle", "square")):
        write_pictures(source / name, 2, seed=seed)
    folder = tmp_path_factory.mktemp("runs") / "classes"
    words = ["train", str(source), "--run", str(folder), "--steps", "1", "--class-conditional"]
    assert run([*words, *PAPER_WORDS, *QUIET]) == 0
    return folder


def spawn(*words: object, code: str = "", cwd: Path | None = None) -> subprocess.Popen[str]:
    """Start a command line, or other Python code, in a subprocess."""
    arguments = ["-c", code] if code else ["-m", "ddpm_studio"]
    return subprocess.Popen(
        [sys.executable, *arguments, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"},
        cwd=cwd,
        preexec_fn=None if sys.platform == "win32" else hear,
    )


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def other_rank(monkeypatch: pytest.MonkeyPatch) -> Other:
    """Make this process rank 0 of two; return a function that starts a command line as rank 1."""
    told = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
    for name, value in told.items():
        monkeypatch.setenv(name, value)

    def start(*words: object) -> subprocess.Popen[str]:
        monkeypatch.setenv("RANK", "1")
        started = spawn(*words)
        monkeypatch.setenv("RANK", "0")
        return started

    return start
