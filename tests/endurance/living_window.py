"""Long-running real window with a record of its memory, threads, handles and objects.

``python -m tests.endurance.living_window {soak,cycles} AMOUNT FOLDER``: AMOUNT is seconds for the
soak and trainings for the cycles; FOLDER holds runs, settings and ``report.json``.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 5.0
_STEPS = 100_000_000


class Watch:
    """Records the resources that the process holds, a row for each look."""

    def __init__(self) -> None:
        import psutil

        self._process = psutil.Process()
        self._begun = time.monotonic()
        self.rows: list[dict[str, float]] = []

    def look(self) -> None:
        """Add a row: seconds, resident and used bytes, threads, open files, Qt objects, timers."""
        from PySide6.QtCore import QObject, QTimer

        gc.collect()
        # By type(): isinstance() would ask lazy modules for their __class__.
        objects = [thing for thing in gc.get_objects() if issubclass(type(thing), QObject)]
        self.rows.append(
            {
                "seconds": round(time.monotonic() - self._begun, 1),
                "memory": self._process.memory_info().rss,
                "used": _used_bytes(),
                "threads": self._process.num_threads(),
                "handles": self._process.num_fds(),
                "objects": len(objects),
                "timers": sum(isinstance(thing, QTimer) for thing in objects),
            }
        )


_MALLINFO = (
    *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
    *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
)


class _MallInfo(ctypes.Structure):
    """``struct mallinfo2`` of glibc's malloc.h."""

    _fields_ = [(name, ctypes.c_size_t) for name in _MALLINFO]


def _used_bytes() -> int:
    """Return the bytes allocated with malloc and not freed, or 0 if glibc cannot tell."""
    told = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if told is None:
        return 0
    told.restype = _MallInfo
    info = told()
    return int(info.uordblks + info.hblkhd)


class Life:
    """Opens the window on embedded pictures and runs a script in its event loop by a timer."""

    def __init__(self) -> None:
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QApplication

        from ddpm_studio.backend import Backend
        from ddpm_studio.gui.platform.garbage_collector import GarbageCollector
        from ddpm_studio.gui.shell.main_window import MainWindow
        from ddpm_studio.gui.workspace.settings import open_settings
        from ddpm_studio.gui.workspace.studio import Studio

        self.app = QApplication(sys.argv[:1])
        self.collector = GarbageCollector()
        self.backend = Backend()
        self.window = MainWindow(Studio(self.backend), open_settings())
        self.window.show()
        self.window.build_tools()
        self.backend.start()
        self.watch = Watch()
        self.counts: dict[str, int] = {}
        self._script: Generator[float, None, None] | None = None
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    def run(self, script: Generator[float, None, None]) -> dict[str, Any]:
        """Run a script that yields seconds to wait in the event loop; return the report."""
        self._script = script
        self._timer.start(0)
        self.app.exec()
        ended = self.backend.shutdown(120)
        self.window.deleteLater()
        self.collector.stop()
        return {"ended": ended, "counts": self.counts, "rows": self.watch.rows}

    def _go_on(self) -> None:
        assert self._script is not None
        try:
            seconds = next(self._script)
        except StopIteration:
            self.window.close()
        except BaseException:
            self.app.exit(70)
            raise
        else:
            self._timer.start(round(seconds * 1000))

    def open_pictures(self) -> Generator[float, None, None]:
        """Open the embedded Fashion-MNIST and wait until it is ready."""
        self.window.open_sample("fashion-mnist")
        yield from self.until("dataset")

    def until(self, attribute: str) -> Generator[float, None, None]:
        """Wait until an attribute of the studio is set.

        Raises:
            TimeoutError: after two minutes.
        """
        end = time.monotonic() + 120
        while not getattr(self.window.studio, attribute):
            if time.monotonic() > end:
                raise TimeoutError(f"no {attribute} after two minutes")
            yield 0.01

    def start_training(self, **changes: Any) -> None:
        """Click the start button of a training with small settings."""
        training = self.window.training
        # The settings suggested for a machine differ from one to the next.
        training.form.reset()
        training.form.set_value({"steps": _STEPS, "device": "cpu", "batch_size": 8} | changes)
        training.start_button.click()

    def count(self, what: str) -> None:
        """Increment the count of ``what``."""
        self.counts[what] = self.counts.get(what, 0) + 1

    def soak(self, seconds: float) -> Generator[float, None, None]:
        """Train for this long while each tool draws repeatedly and is scrubbed through."""
        from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
        from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
        from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
        from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
        from ddpm_studio.gui.features.share.share_panel import SharePanel

        window, studio = self.window, self.window.studio
        yield from self.open_pictures()
        self.start_training(sample_every=200, checkpoint_every=2000, sample_count=4)
        yield from self.until("can_draw")
        reverse, gallery = window.tool(ReversePanel), window.tool(GalleryPanel)
        drawing = (reverse, window.tool(SharePanel), window.tool(InterpolatePanel))
        for panel in drawing:
            panel.sampler.set_value({"sampler": "ddim", "steps": 10})
        tools = [*drawing, gallery, window.tool(LearnPanel)]
        end = time.monotonic() + seconds
        self.watch.look()
        seed = 0
        while time.monotonic() < end:
            tool = tools[seed % len(tools)]
            window.show_tool(tool)
            if tool in drawing:
                tool.sampler.set_value({"seed": seed % 100})
            seed += 1
            self.count("drawn")
            yield _LOOK_SECONDS / 2
            for place in range(0, 101, 5):
                reverse.slider.setValue(place)
                yield 0.02
            if gallery.items.shown and seed % 50 == 0:
                gallery.select(gallery.items.shown)
                gallery.delete_chosen()
            yield _LOOK_SECONDS / 2
            self.watch.look()
        losses = [len(window.training.loss.series(run)) for run in window.training.loss.names]
        self.counts["steps"] = sum(losses)
        studio.trainer.stop()
        while studio.training is not None:
            yield 0.05

    def cycles(self, times: int) -> Generator[float, None, None]:
        """Start and cancel a training this many times, after varying delays."""
        studio = self.window.studio
        yield from self.open_pictures()
        for number in range(times):
            self.start_training(sample_count=0)
            # From before its first event to some steps later.
            yield 0.002 * (number % 60)
            studio.trainer.stop()
            while studio.training is not None:
                yield 0.002
            self.count("cycles")
            if number % max(1, times // 100) == 0:
                self.watch.look()
        self.watch.look()


def live(kind: str, amount: float) -> dict[str, Any]:
    """Run a window in a process with folders of its own; return its report.

    Raises:
        subprocess.CalledProcessError: if the process failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "tests.endurance.living_window", kind, str(amount), folder]
        own = {
            f"DDPM_STUDIO_{name}": str(Path(folder) / name.lower())
            for name in ("RUNS", "CONFIG", "CACHE")
        }
        environment = {"QT_QPA_PLATFORM": "offscreen", "PYTHONFAULTHANDLER": "1"}
        subprocess.run(words, env=os.environ | environment | own, check=True)
        report: dict[str, Any] = json.loads((Path(folder) / "report.json").read_text())
    return report


def main() -> None:
    """Run the command: run a window's script, then write the report."""
    kind, amount, folder = sys.argv[1], float(sys.argv[2]), Path(sys.argv[3])
    life = Life()
    script = life.soak(amount) if kind == "soak" else life.cycles(int(amount))
    (folder / "report.json").write_text(json.dumps(life.run(script)))


if __name__ == "__main__":
    main()
