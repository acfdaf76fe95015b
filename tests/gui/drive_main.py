"""Driver script: runs the real ``main()`` in its own process, acts as a user, writes a report.

``python -m tests.gui.drive_main PICTURES FOLDER``: PICTURES are dropped on the window, exports and
``report.json`` are written to FOLDER. The exit code is the window's.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import shiboken6
from PySide6.QtCore import QThread, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from ddpm_studio.backend import State
from ddpm_studio.cli import main
from ddpm_studio.gui.features.common.tool_panel import choose
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from tests.gui.panel_help import drop, files

_SECONDS_EACH = 90
_T = 60

Wait = tuple[str, Callable[[], bool]]


class Driver:
    """Runs a script of user actions step by step from a timer: waiting never blocks the window."""

    def __init__(self, pictures: Path, folder: Path) -> None:
        self.pictures, self.folder = pictures, folder
        self.report: dict[str, object] = {"steps": []}
        self.threads: list[QThread] = []
        self._script: Generator[Wait, None, None] | None = None
        self._wait: Wait | None = None
        self._since = 0.0
        self._timer = QTimer()
        self._timer.timeout.connect(self._look)
        self._timer.start(20)

    def fail(self, text: str) -> None:
        """Record a failure in the report and exit the application with code 70."""
        self.report["error"] = text
        self._timer.stop()
        QApplication.exit(70)

    def _look(self) -> None:
        try:
            if self._script is None:
                self._find_window()
            elif self._wait is None or self._wait[1]():
                self._since = time.monotonic()
                self._wait = next(self._script)
            elif time.monotonic() - self._since > _SECONDS_EACH:
                self.fail(f"waited too long: {self._wait[0]}")
        except StopIteration:
            self._timer.stop()
        except Exception:
            self.fail(traceback.format_exc())

    def _find_window(self) -> None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, MainWindow) and widget.isVisible():
                self._script = self._steps(widget)

    def _done(self, text: str) -> None:
        steps = self.report["steps"]
        assert isinstance(steps, list)
        steps.append(text)

    def _drop(self, widget: QWidget, *paths: Path) -> None:
        assert drop(widget, files(*paths)), f"the drop on {widget} was refused"

    def _steps(self, window: MainWindow) -> Generator[Wait, None, None]:
        studio, training = window.studio, window.training

        self._drop(window, self.pictures)
        yield "pictures are read", lambda: studio.dataset is not None
        self._done("dropped")

        values = {"steps": 100_000, "batch_size": 4, "timesteps": _T, "sample_count": 4}
        training.form.set_value({**training.form.values(), **values, "device": "cpu"})
        training.start_button.click()
        yield "training has begun", lambda: studio.can_draw and studio.training is not None
        run = studio.training_run
        assert run is not None
        yield "ten steps", lambda: len(self._losses(window)) >= 10
        self._done("trained")

        training.pause_button.click()
        job = studio.training
        assert job is not None
        yield "it is paused", lambda: job.state is State.PAUSED
        paused_at = len(self._losses(window))
        began = time.monotonic()
        yield "a second goes by", lambda: time.monotonic() - began > 1
        self.report["steps_while_paused"] = len(self._losses(window)) - paused_at
        training.pause_button.click()
        yield "it goes on", lambda: len(self._losses(window)) > paused_at + 2
        self._done("paused and resumed")

        reverse = window.tool(ReversePanel)
        window.show_tool(reverse)
        reverse.sampler.set_value({"steps": 12})
        reverse.draw_now()
        yield "a whole process", lambda: bool(reverse.trajectory.recipe)
        before = len(self._losses(window))
        reverse.slider.setValue(0)
        noise = np.asarray(reverse.trajectory.view("x_t", 0))
        reverse.slider.setValue(reverse.slider.maximum())
        last = np.asarray(reverse.trajectory.view("x_t", reverse.slider.value()))
        self.report["scrub_differs"] = bool((noise != last).any())
        self.report["moment"] = reverse.moment.text()
        yield "training went on", lambda: len(self._losses(window)) > before + 2
        self._done("scrubbed while training")

        share = window.tool(SharePanel)
        window.show_tool(share)
        choose(share.count, 8)
        self._drop(share.source, min(self.pictures.iterdir()))
        yield "the source fits", lambda: share.source.fitted is not None
        share.time.set_value(_T // 2)
        yield "shared", lambda: share.drawn is not None and not share.busy
        assert share.drawn is not None
        self.report["shared"] = len(share.drawn.pictures)
        self._done("shared")

        interpolate = window.tool(InterpolatePanel)
        window.show_tool(interpolate)
        names = sorted(self.pictures.iterdir())
        self._drop(interpolate.a, names[0])
        self._drop(interpolate.b, names[-1])
        yield (
            "interpolated",
            lambda: (
                interpolate.drawn is not None
                and not interpolate.busy
                and interpolate.a.fitted is not None
                and interpolate.b.fitted is not None
            ),
        )
        gif = self.folder / "interpolation.gif"
        interpolate.export.export_to("save_animation", gif)
        yield "the GIF is written", lambda: gif.is_file() and gif.stat().st_size > 0
        # The window asks before closing while a file is being saved.
        jobs = studio.backend.jobs
        yield "nothing would be lost", lambda: not any(job.spec.wanted for job in jobs.values())
        self._done("exported a GIF")

        self.report["run"] = str(run)
        self.threads = [thing for thing in gc.get_objects() if isinstance(thing, QThread)]
        self.report["threads_at_close"] = [thread.isRunning() for thread in self.threads]
        self.report["training_at_close"] = studio.training is not None
        window.close()
        self._done("closed in mid-training")

    def _losses(self, window: MainWindow) -> list[float]:
        plot = window.training.loss
        return [float(x) for run in plot.names for x in plot.series(run).losses]


def drive() -> int:
    """Run ``main()`` under the driver's script and return its exit code."""
    pictures, folder = Path(sys.argv[1]), Path(sys.argv[2])
    app = QApplication(sys.argv[:1])
    driver = Driver(pictures, folder)
    sys.argv[1:] = []
    code = 0
    try:
        main()
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    # Python keeps a dummy thread for each Qt thread that it has seen, alive or not: only Qt knows
    # whether those have ended.
    python_threads = [
        thread.name
        for thread in threading.enumerate()
        if not isinstance(thread, threading._DummyThread)
    ]
    driver.report["threads"] = python_threads + [
        thread.objectName()
        for thread in driver.threads
        if shiboken6.isValid(thread) and thread.isRunning()
    ]
    (folder / "report.json").write_text(json.dumps(driver.report))
    del app
    return code


if __name__ == "__main__":
    sys.exit(drive())
