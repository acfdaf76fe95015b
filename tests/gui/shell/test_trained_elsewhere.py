"""Run in training by another process: the window says so and shows its progress."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.observatory.observatory_panel import ObservatoryPanel
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


@contextmanager
def trained_elsewhere(run: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock of a run, as while it is training it."""
    pipe = subprocess.PIPE
    words = [sys.executable, "-c", _HOLD, str(run)]
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


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
    with trained_elsewhere(run) as process:
        metrics.append(run / "metrics.jsonl", [{"step": 37, "loss": 0.25}])
        qtbot.waitUntil(lambda: status.line.text() == "Step 37 of 90", timeout=WAIT)
        assert "elsewhere" in status.title.text()
        assert status.title.isVisible()
        assert f"process {process.pid}" in status.figures.text()
        assert (status.bar.value(), status.bar.maximum()) == (37, 90)
        assert not resume_row.isEnabled()
        assert not window.training.resume_row.isVisible()
    qtbot.waitUntil(lambda: not status.title.isVisible(), timeout=WAIT)
    assert resume_row.isEnabled()
    assert status.line.text() == "4 steps taken", "of the checkpoint that is there"


def test_the_observatory_says_so_of_a_run_that_was_trained_here_before(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "elsewhere"
    shutil.copytree(tiny_run, run)
    window = opened(qtbot, backend, run)
    studio, live = window.studio, window.tool(ObservatoryPanel).live
    assert studio.run_view is not None
    assert studio.run_view.request is not None
    studio.trainer.resume(run, studio.run_view.request.model_copy(update={"steps": 5}))
    qtbot.waitUntil(lambda: studio.training is None and studio.model_step == 5, timeout=WAIT)
    assert live.isHidden()
    with trained_elsewhere(run):
        qtbot.waitUntil(lambda: not live.isHidden(), timeout=WAIT)
        assert live.text() == "● trained elsewhere"
    qtbot.waitUntil(live.isHidden, timeout=WAIT)
