"""Run in training by another process: the window says so and shows its progress."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.runs import metrics
from tests.gui.panel_help import WAIT, opened

_HOLD = """
import sys
from pathlib import Path
from ddpm_studio.runs import RunFolder
folder = RunFolder.open(Path(sys.argv[1]))
lock = folder.lock()
folder.record_changes(90)
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


def test_the_training_dock_follows_another_process_and_says_so(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "elsewhere"
    shutil.copytree(tiny_run, run)
    window = opened(qtbot, backend, run)
    status, resume_row = window.training.status, window.actions_["training.resume"]
    assert status.line.text() == "4 steps taken"
    assert not status.title.isVisible()
    assert resume_row.isEnabled()
    pipe = subprocess.PIPE
    words = [sys.executable, "-c", _HOLD, str(run)]
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        metrics.append(run / "metrics.jsonl", [{"step": 37, "loss": 0.25}])
        qtbot.waitUntil(lambda: status.line.text() == "Step 37 of 90", timeout=WAIT)
        assert "elsewhere" in status.title.text()
        assert status.title.isVisible()
        assert f"process {process.pid}" in status.figures.text()
        assert (status.bar.value(), status.bar.maximum()) == (37, 90)
        assert not resume_row.isEnabled()
        assert not window.training.resume_row.isVisible()
        assert process.stdin is not None
        process.stdin.close()
    qtbot.waitUntil(lambda: not status.title.isVisible(), timeout=WAIT)
    assert resume_row.isEnabled()
    assert status.line.text() == "4 steps taken", "of the checkpoint that is there"
