"""Scrubbing 1,000 frames of 64 pictures in the real window: frame time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from tests.benchmarks.figures import Figure

_FRAMES, _PICTURES, _SIDE = 1000, 64, 32
_LAPS = 200


def measure(rounds: int) -> list[Figure]:
    """Scrub ``rounds`` × 200 frames in a separate process; return the median."""
    with tempfile.TemporaryDirectory() as folder:
        own = {f"DDPM_STUDIO_{name}": f"{folder}/{name}" for name in ("CONFIG", "CACHE", "RUNS")}
        finished = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.scrubber", str(rounds)],
            env={"QT_QPA_PLATFORM": "offscreen", **os.environ, **own},
            stdout=subprocess.PIPE,
            check=True,
        )
    found = json.loads(finished.stdout)
    details = {key: found[key] for key in ("p95_ms", "worst_ms", "painted", "frames")}
    what = f"{_FRAMES:,} frames × {_PICTURES} RGB pictures of {_SIDE} px"
    return [
        Figure(f"scrubbing {what}", found["ms"], "ms", at_most=16, details=details),
        Figure("the same, every frame played in order", found["in_order_ms"], "ms", at_most=16),
        Figure("frames kept for that", found["kept_mib"], "MiB", at_most=768),
        Figure("memory gained while scrubbing", found["gained_mib"], "MiB", at_most=64),
    ]


def _scrub(rounds: int) -> dict[str, float]:
    """Move the slider, let the window paint, and measure the time of both."""
    import time

    import numpy as np
    import psutil
    from PySide6.QtWidgets import QApplication

    from ddpm_studio.backend import Backend
    from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
    from ddpm_studio.gui.features.reverse.trajectory import (
        Process,
        Trajectory,
        frames_within_budget,
    )
    from ddpm_studio.gui.shell.main_window import MainWindow
    from ddpm_studio.gui.theme.theme import current_theme
    from ddpm_studio.gui.workspace.settings import open_settings
    from ddpm_studio.gui.workspace.studio import Studio
    from ddpm_studio.jobs.events import FrameImages
    from tests.paints import PaintCounter

    app = QApplication([])
    current_theme().apply(app)
    window = MainWindow(Studio(Backend()), open_settings())
    window.resize(1280, 800)
    window.show()
    window.build_tools()
    panel = window.tool(ReversePanel)
    window.show_tool(panel)
    random = np.random.default_rng(0)
    shape = (_PICTURES, _SIDE, _SIDE, 3)
    _, compact = frames_within_budget(_FRAMES, _SIDE * _SIDE * 3, _PICTURES)
    one = Trajectory({"kind": "sample"}, compact=compact)
    for number in range(_FRAMES):
        views = (random.standard_normal(shape, np.float32).astype(np.float16) for _ in range(3))
        one.add(FrameImages(number, _FRAMES - 1, _FRAMES - 1 - number, *views))
    panel.show_process(Process([one]))
    app.processEvents()
    counter = PaintCounter()
    panel.views.grids[0, "x_t"].viewport().installEventFilter(counter)

    def times(places: np.ndarray) -> np.ndarray:
        taken = []
        for place in places:
            begun = time.perf_counter()
            panel.slider.setValue(int(place))
            app.processEvents()
            taken.append((time.perf_counter() - begun) * 1000)
        return np.array(taken)

    times(random.integers(0, _FRAMES, 20))
    counter.painted = 0
    memory = psutil.Process()
    before = memory.memory_info().rss
    jumps = times(random.integers(0, _FRAMES, _LAPS * rounds))
    painted = counter.painted
    in_order = times(np.arange(_FRAMES))
    told = {
        "ms": float(np.median(jumps)),
        "p95_ms": float(np.percentile(jumps, 95)),
        "worst_ms": float(jumps.max()),
        "in_order_ms": float(np.median(in_order)),
        "painted": float(painted),
        "frames": float(len(jumps)),
        "kept_mib": one.memory_bytes / 2**20,
        "gained_mib": (memory.memory_info().rss - before) / 2**20,
    }
    window.close()
    return told


if __name__ == "__main__":
    print(json.dumps(_scrub(int(sys.argv[1]))))
