"""Latency of a few-step student: 16 pictures of 28 px in two steps, and dragging the pad.

The quality of its pictures does not matter here: it trains for one step.
``python -m tests.benchmarks.students RUN SECONDS`` drags the pad for that long and prints JSON.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure

_COUNT, _STEPS = 16, 2
_DRAG_SECONDS = 5.0
_MOVE_SECONDS = 0.01
_PRESETS = ("tiny", "patches")


def measure(rounds: int) -> list[Figure]:
    """Draw ``rounds`` times after a warm-up, then drag; with each preset for CPUs."""
    figures = []
    for preset in _PRESETS:
        with tempfile.TemporaryDirectory() as folder:
            student = _student(Path(folder), preset)
            seconds = _drawing(student, rounds)
            dragged = _dragging(Path(folder), student)
        details: dict[str, object] = {"network": preset, "pictures": _COUNT, "steps": _STEPS}
        drag_details: dict[str, object] = {"network": preset, **dragged}
        figures += [
            Figure(
                f"{preset}: {_COUNT} pictures of 28 px by a student in {_STEPS} steps",
                seconds,
                "s",
                at_most=0.25,
                details=details,
            ),
            Figure(
                f"{preset}: drawings a second while the four-corner pad is dragged",
                dragged["drawings"] / dragged["seconds"],
                "1/s",
                at_least=8,
                details=drag_details,
            ),
        ]
    return figures


def _student(folder: Path, preset: str) -> Path:
    from ddpm_studio.data.samples import sample_sets
    from ddpm_studio.engine.generators import finish
    from ddpm_studio.jobs import distill, train
    from ddpm_studio.requests import DistillRequest, PrepareOptions, TrainRequest

    source = next(sample.path for sample in sample_sets() if sample.name == "fashion-mnist")
    few: dict[str, Any] = {"steps": 1, "batch_size": 4, "device": "cpu", "sample_count": 0}
    asked = TrainRequest(preset=preset, parameterization="x0", schedule="cosine", **few)
    finish(train([source], folder / "teacher", asked, PrepareOptions()))
    finish(distill(DistillRequest(run=folder / "teacher", **few), folder / "student"))
    return folder / "student"


def _drawing(student: Path, rounds: int) -> float:
    from ddpm_studio.engine.generators import finish
    from ddpm_studio.jobs import ModelStore, sample
    from ddpm_studio.requests import SampleRequest

    models, times = ModelStore(), []
    for seed in range(1 + rounds):
        begun = time.monotonic()
        request = SampleRequest(run=student, count=_COUNT, steps=_STEPS, seed=seed, device="cpu")
        finish(sample(request, models))
        times.append(time.monotonic() - begun)
    return statistics.median(times[1:])


def _dragging(folder: Path, student: Path) -> dict[str, Any]:
    names = ("CONFIG", "CACHE", "RUNS")
    own = {f"DDPM_STUDIO_{name}": str(folder / name.lower()) for name in names}
    words = [sys.executable, "-m", "tests.benchmarks.students", str(student), str(_DRAG_SECONDS)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **own}
    finished = subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return found


def _drag(student: Path, seconds: float) -> dict[str, Any]:
    """Open the student in the window, drag the pad's point in a circle; return the figures."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    from ddpm_studio.backend import JobHandle
    from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
    from tests.endurance.living_window import Life

    found: dict[str, Any] = {"drawings": 0}
    life = Life()

    def count(_: object) -> None:
        found["drawings"] += 1

    def follow(job: JobHandle[object]) -> None:
        if job.spec.slot == "interpolate":
            job.on_finished(count)

    def script() -> Generator[float, None, None]:
        window = life.window
        panel = window.tool(InterpolatePanel)
        while life.backend.device is None:
            yield 0.01
        yield from life.open_pictures()
        window.studio.open_run(student)
        yield from life.until("can_draw")
        window.show_tool(panel)
        panel.choices.set_mode("pad")
        panel.pick_random()
        while panel.drawn is None or panel.busy:
            yield 0.05
        pad = panel.view.pad
        QTest.mousePress(pad, Qt.MouseButton.LeftButton, pos=QPoint(pad.width() // 2, 20))
        window.studio.backend.started.connect(follow)
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            turn = math.tau * passed / 2
            pad.set_point(0.5 + 0.4 * math.cos(turn), 0.5 + 0.4 * math.sin(turn))
            yield _MOVE_SECONDS
        found["seconds"] = time.monotonic() - begun
        QTest.mouseRelease(pad, Qt.MouseButton.LeftButton)

    life.run(script())
    return found


if __name__ == "__main__":
    print(json.dumps(_drag(Path(sys.argv[1]), float(sys.argv[2]))))
