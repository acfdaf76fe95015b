"""Responsiveness of the window while it trains: timers, speed against the terminal, latency.

``python -m tests.benchmarks.window FOLDER SECONDS [SETTINGS]`` trains for that long and prints
JSON; SETTINGS is a JSON object of fields of a ``TrainRequest``.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure
from tests.benchmarks.run_watch import RunWatch

_SECONDS = 20.0
_WARM_SECONDS = 4.0
_TIMER_MS = 10
_REQUESTS = 5
_STEPS = 1_000_000
_BATCH = 16


def measure(rounds: int) -> list[Figure]:
    """Train in window and terminal in turns, ``rounds`` times (5 at most), after a warm-up."""
    rounds = min(rounds, 5)
    ratios, seen = [], []
    with tempfile.TemporaryDirectory() as folder:
        _in_window(Path(folder) / "warm", _WARM_SECONDS)
    for number in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            both = {"window": _in_window, "terminal": _in_terminal}
            order = list(both) if number % 2 == 0 else list(both)[::-1]
            found = {name: both[name](Path(folder) / name) for name in order}
        ratios.append(found["window"]["steps_per_second"] / found["terminal"]["steps_per_second"])
        seen.append(found["window"])
    p99 = statistics.median(one["p99_ms"] for one in seen)
    gap = max(one["longest_ms"] for one in seen)
    late = max(one["steps_before_start"] for one in seen)
    usable = statistics.median(one["usable_s"] for one in seen)
    details: dict[str, object] = {"rounds": rounds, "seconds": _SECONDS}
    return [
        Figure("a 10 ms timer while training: p99", p99, "ms", at_most=16, details=details),
        Figure("a 10 ms timer while training: longest gap", gap, "ms", at_most=50, details=details),
        Figure("steps in the window / in the terminal", statistics.median(ratios), "×", 0.97),
        Figure("training steps before a request of 16 × 20 steps starts", late, "steps", None, 1),
        Figure("launch to torch loaded and a model open", usable, "s", at_most=2.5),
    ]


def _own(folder: Path) -> dict[str, str]:
    names = ("CONFIG", "CACHE", "RUNS")
    return {f"DDPM_STUDIO_{name}": str(folder / name.lower()) for name in names}


def _in_window(folder: Path, seconds: float = _SECONDS) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.benchmarks.window", str(folder), str(seconds)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **_own(folder)}
    environment["LAUNCHED_AT"] = str(time.time())
    finished = subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return found


def _in_terminal(folder: Path) -> dict[str, Any]:
    from ddpm_studio.data.samples import sample_sets

    source = next(sample.path for sample in sample_sets() if sample.name == "fashion-mnist")
    run = folder / "run"
    words = [sys.executable, "-m", "ddpm_studio", "train", str(source), "--run", str(run)]
    words += ["--steps", str(_STEPS), "--batch-size", str(_BATCH), "--sample-count", "0"]
    process = subprocess.Popen(
        [*words, "--device", "cpu"],
        env={**os.environ, **_own(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        watch = RunWatch(run)
        begun: float | None = None
        while begun is None or time.monotonic() < begun + _WARM_SECONDS + _SECONDS:
            watch.look()
            begun = begun or (time.monotonic() if watch.seen else None)
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    return {"steps_per_second": watch.rate()}


def _live(folder: Path, seconds: float, settings: dict[str, Any]) -> dict[str, Any]:
    """Open the window, train and record a timer, then request pictures; return the figures."""
    from PySide6.QtCore import QTimer

    from ddpm_studio.backend import State, specs
    from ddpm_studio.requests import SampleRequest
    from tests.endurance.living_window import Life

    found: dict[str, Any] = {}
    life = Life()
    ticks: list[float] = []
    beat = QTimer()
    beat.setTimerType(beat.timerType().PreciseTimer)
    beat.setInterval(_TIMER_MS)
    beat.timeout.connect(lambda: ticks.append(time.monotonic()))

    def script() -> Generator[float, None, None]:
        studio = life.window.studio
        while life.backend.device is None:
            yield 0.005
        found["usable_s"] = time.time() - float(os.environ["LAUNCHED_AT"])
        yield from life.open_pictures()
        life.start_training(**settings, batch_size=_BATCH, sample_count=0)
        yield from life.until("can_draw")
        assert studio.training_run is not None
        watch = RunWatch(studio.training_run)
        while not watch.seen:
            watch.look()
            yield 0.05
        yield _WARM_SECONDS
        beat.start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            watch.look()
            yield 0.05
        beat.stop()
        found["steps_per_second"] = watch.rate()
        late = []
        for seed in range(_REQUESTS):
            training = studio.training
            assert training is not None
            assert training.progress is not None
            request = SampleRequest(
                run=studio.training_run, count=16, sampler="ddim", steps=20, seed=seed
            )
            before = training.progress.done
            job = studio.submit(specs.drawing.draw(request))
            while job.state is State.WAITING:
                yield 0.001
            late.append(training.progress.done - before)
            while not job.state.is_over:
                yield 0.01
        found["steps_before_start"] = max(late)
        studio.trainer.stop()
        while studio.training is not None:
            yield 0.05

    life.run(script())
    gaps = sorted(1000 * (b - a) for a, b in itertools.pairwise(ticks))
    found["p99_ms"] = gaps[int(0.99 * len(gaps))]
    found["longest_ms"] = gaps[-1]
    return found


if __name__ == "__main__":
    given = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    print(json.dumps(_live(Path(sys.argv[1]), float(sys.argv[2]), given)))
