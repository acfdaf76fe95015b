"""Scrolling through 10,000 pictures in the real window's gallery: frame time and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.figures import Figure

if TYPE_CHECKING:
    from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel

_PICTURES, _RUNS, _SIDE = 10_000, 4, 32
_FRAME_SECONDS = 1 / 60
_STEP = 60
_JUMPS = 20


def measure(rounds: int) -> list[Figure]:
    """Scroll ``rounds`` × 200 frames in a separate process; return the median."""
    with tempfile.TemporaryDirectory() as folder:
        own = {f"DDPM_STUDIO_{name}": f"{folder}/{name}" for name in ("CONFIG", "CACHE", "RUNS")}
        finished = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.gallery", str(rounds)],
            env={"QT_QPA_PLATFORM": "offscreen", **os.environ, **own},
            stdout=subprocess.PIPE,
            check=True,
        )
    found = json.loads(finished.stdout)
    details = {key: found[key] for key in ("p95_ms", "worst_ms", "painted", "frames")}
    what = f"{_PICTURES:,} pictures of {_RUNS} runs"
    return [
        Figure(
            f"scrolling {what}, 3,600 px a second", found["ms"], "ms", at_most=16, details=details
        ),
        Figure("reading what is known of each of them", found["load_s"], "s"),
        Figure("a far jump until every picture in view is there", found["jump_ms"], "ms"),
        Figure("memory of what is known of them", found["index_mib"], "MiB", at_most=64),
        Figure(
            "most memory of pictures and what is drawn of them",
            found["held_mib"],
            "MiB",
            at_most=96,
        ),
    ]


def _fill(runs: Path) -> None:
    """Write the runs and their pictures, each with a recipe as long as those of the Share tab."""
    import numpy as np

    from ddpm_studio.export import save_png
    from ddpm_studio.export.array_text import pack

    random = np.random.default_rng(0)
    for number in range(_RUNS):
        run = runs / f"run {number}"
        folder = run / "samples" / "gallery"
        folder.mkdir(parents=True)
        (run / "run.json").write_text("{}")
        pictures = random.integers(0, 256, (_PICTURES // _RUNS, _SIDE, _SIDE, 3), np.uint8)
        inputs = pack({"source": pictures[0]})
        for index, picture in enumerate(pictures):
            request = {"run": str(run), "t": 500, "seed": index // 8, "sampler": "ddim"}
            recipe = {"kind": "share", "request": request, "inputs": inputs, "index": index % 8}
            save_png(folder / f"{index + 1:06}.png", picture[None], recipe)


def _scroll(rounds: int) -> dict[str, float]:
    """Move the scroll bar sixty times a second and measure how long the window is busy."""
    import time

    import numpy as np
    import psutil
    from PySide6.QtWidgets import QApplication

    from ddpm_studio import paths
    from ddpm_studio.backend import Backend
    from ddpm_studio.gui.shell.main_window import MainWindow
    from ddpm_studio.gui.theme.theme import current_theme
    from ddpm_studio.gui.workspace.settings import open_settings
    from ddpm_studio.gui.workspace.studio import Studio
    from tests.paints import PaintCounter

    _fill(paths.runs_dir())
    app = QApplication([])
    current_theme().apply(app)
    backend = Backend()
    window = MainWindow(Studio(backend), open_settings())
    window.resize(1280, 800)
    window.show()
    window.build_tools()
    backend.start()
    from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel

    memory, panel = psutil.Process(), window.tool(GalleryPanel)
    # The start measures the machine once, with networks that take memory of their own.
    while backend.device is None or window.meter.speed is None:
        app.processEvents()
        time.sleep(0.002)
    before = memory.memory_info().rss
    begun = time.perf_counter()
    window.show_tool(panel)
    while panel.thumbnails.count < _PICTURES:
        app.processEvents()
        time.sleep(0.002)
    load_s = time.perf_counter() - begun
    index = memory.memory_info().rss - before
    view, counter = panel.thumbnails, PaintCounter()
    view.viewport().installEventFilter(counter)
    bar = view.verticalScrollBar()

    def frame(value: int) -> float:
        begun = time.perf_counter()
        bar.setValue(value)
        app.processEvents()
        busy = time.perf_counter() - begun
        time.sleep(max(0.0, _FRAME_SECONDS - busy))
        return busy * 1000

    for warm in range(20):
        frame(warm * _STEP)
    held, taken = 0, []
    counter.painted = 0
    place = 0
    for _ in range(200 * rounds):
        place = (place + _STEP) % max(1, bar.maximum())
        taken.append(frame(place))
        held = max(held, view.bytes)
    painted = counter.painted
    random, jumps = np.random.default_rng(1), []
    for _ in range(_JUMPS):
        begun = time.perf_counter()
        bar.setValue(int(random.integers(0, bar.maximum())))
        app.processEvents()
        while not _whole(panel):
            app.processEvents()
            time.sleep(0.001)
        jumps.append((time.perf_counter() - begun) * 1000)
    told = {
        "ms": float(np.median(taken)),
        "p95_ms": float(np.percentile(taken, 95)),
        "worst_ms": float(max(taken)),
        "painted": float(painted),
        "frames": float(len(taken)),
        "load_s": load_s,
        "jump_ms": float(np.median(jumps)),
        "index_mib": index / 2**20,
        "held_mib": held / 2**20,
    }
    window.close()
    backend.shutdown()
    return told


def _whole(panel: GalleryPanel) -> bool:
    """Whether every visible picture has been read."""
    from PySide6.QtCore import QPoint

    view = panel.thumbnails
    corner = view.viewport().rect().bottomRight()
    first = view.indexAt(QPoint(8, 8)).row()
    last = view.indexAt(QPoint(8, corner.y() - 8)).row()
    return all(view.picture(row) is not None for row in range(max(0, first), last))


if __name__ == "__main__":
    print(json.dumps(_scroll(int(sys.argv[1]))))
