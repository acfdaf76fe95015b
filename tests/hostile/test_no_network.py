"""No network access: whole sessions run in a process where any use of a socket fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile import seeds

_ALARM = """
import os, sys
def alarm(event, arguments):
    if event.startswith(("socket.", "urllib.", "http.client", "ftplib", "smtplib", "webbrowser")):
        os.write(2, f"CALLED OUT: {event} {arguments}\\n".encode())
        os._exit(77)
sys.addaudithook(alarm)
"""
_TERMINAL = """
from ddpm_studio.cli import run
for words in SESSIONS:
    assert run(words) == 0, words
"""
_WINDOW = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ddpm_studio.gui.shell.app import run_window
from pathlib import Path
app = QApplication(sys.argv[:1])
QTimer.singleShot(3000, app.closeAllWindows)
assert run_window([Path(path) for path in PATHS]) == 0
assert not any(name.startswith("PySide6.QtNetwork") for name in sys.modules)
"""


def _run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    own = {
        f"DDPM_STUDIO_{name}": str(folder / name.lower()) for name in ("CACHE", "RUNS", "CONFIG")
    }
    return subprocess.run(
        [sys.executable, "-c", _ALARM + code],
        env={**os.environ, **own, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def _pictures(folder: Path) -> Path:
    (folder / "in").mkdir()
    for number in range(3):
        (folder / "in" / f"{number}.png").write_bytes(seeds.picture())
    return folder / "in"


def test_training_sampling_and_importing_call_nobody(tmp_path: Path) -> None:
    model = seeds.make_diffusers(tmp_path / "model")
    run, imported = tmp_path / "run", tmp_path / "imported"
    device = ["--device", "cpu"]
    sessions = [
        *[["train", str(_pictures(tmp_path)), "--run", str(run), "--steps", "1", *device]],
        ["sample", str(run), "--count", "1", "--steps", "1", "--out", str(tmp_path / "a.png")],
        ["import", str(model), "--run", str(imported)],
        ["export", str(imported), "--diffusers", str(tmp_path / "exported")],
        ["info", str(imported)],
    ]
    done = _run(tmp_path, _TERMINAL.replace("SESSIONS", repr(sessions)))
    assert "CALLED OUT" not in done.stderr
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_window_calls_nobody(tmp_path: Path) -> None:
    paths = [str(_pictures(tmp_path))]
    done = _run(tmp_path, _WINDOW.replace("PATHS", repr(paths)))
    assert "CALLED OUT" not in done.stderr
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    "call",
    [
        "import socket; socket.socket()",
        "import urllib.request as u; u.urlopen('http://127.0.0.1:9')",
    ],
)
def test_the_alarm_works(tmp_path: Path, call: str) -> None:
    assert _run(tmp_path, call).returncode == 77
