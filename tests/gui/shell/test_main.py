"""The real ``main()`` in its own process: a session from a drop to closing in mid-training."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageSequence

from ddpm_studio.runs import RunFolder
from tests.processes import hear


@pytest.mark.timeout(600)
def test_a_session_from_drop_to_close(picture_folder: Path, tmp_path: Path) -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONFAULTHANDLER": "1"}
    process = subprocess.run(
        [sys.executable, "-m", "tests.gui.drive_main", str(picture_folder), str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    report = json.loads((tmp_path / "report.json").read_text())
    assert "error" not in report, report["error"]
    assert process.returncode == 0, process.stderr
    assert "Traceback" not in process.stderr
    assert report["steps"] == [
        "dropped",
        "trained",
        "paused and resumed",
        "scrubbed while training",
        "shared",
        "exported a GIF",
        "closed in mid-training",
    ]
    # At most one step may be under way when the button is pressed.
    assert report["steps_while_paused"] <= 1
    assert report["scrub_differs"]
    assert report["moment"] == "t = 0"
    assert report["shared"] == 8
    assert report["training_at_close"]
    assert any(report["threads_at_close"])
    assert report["threads"] == ["MainThread"]

    folder = RunFolder.open(Path(report["run"]))
    newest = folder.newest()
    for part in ("model", "ema", "optimizer"):
        assert newest.load(part)
    lines = [json.loads(line) for line in (folder.path / "metrics.jsonl").open()]
    losses = [line for line in lines if line.get("loss") is not None]
    assert losses[-1]["step"] == newest.step
    with Image.open(tmp_path / "interpolation.gif") as gif:
        frames = [frame.convert("RGB").tobytes() for frame in ImageSequence.Iterator(gif)]
    assert len(set(frames)) > 2


_SIGNALLED = """
import os, signal, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ddpm_studio.gui.shell.app import run_window
app = QApplication([])
def look():
    windows = [widget for widget in app.topLevelWidgets() if hasattr(widget, "build_tools")]
    if any(window.tabs.count() for window in windows):
        timer.stop()
        os.kill(os.getpid(), int(sys.argv[1]))
timer = QTimer()
timer.timeout.connect(look)
timer.start(10)
sys.exit(run_window())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [1, 15], ids=["SIGHUP", "SIGTERM"])
def test_the_end_of_the_desktop_closes_the_window_in_order(number: int) -> None:
    words = [sys.executable, "-c", _SIGNALLED, str(number)]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    ended = subprocess.run(
        words, env=environment, capture_output=True, timeout=120, check=False, preexec_fn=hear
    )
    assert ended.returncode == 0, ended.stderr


_STUCK = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from ddpm_studio.backend import Backend, JobSpec, State
from ddpm_studio.backend.spec import DeviceSteps
from ddpm_studio.gui.shell.app import run_window
Backend.shutdown.__defaults__ = (1.0,)
app = QApplication([])
jobs = []
def steps(_):
    time.sleep(600)
    yield
def look():
    windows = [widget for widget in app.topLevelWidgets() if hasattr(widget, "build_tools")]
    for window in windows:
        if window.tabs.count() and not jobs:
            jobs.append(window.studio.backend.submit(JobSpec("stuck", DeviceSteps(steps))))
        elif jobs and jobs[0].state is State.RUNNING:
            timer.stop()
            window.close()
timer = QTimer()
timer.timeout.connect(look)
timer.start(10)
sys.exit(run_window())
"""


def test_a_step_that_does_not_end_is_no_crash_of_the_program() -> None:
    words = [sys.executable, "-c", _STUCK]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    ended = subprocess.run(words, env=environment, capture_output=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
