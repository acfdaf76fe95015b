"""``python -m tests.gui.screenshots OUT``: every tab in use, light and dark, at 100 and 200 %.

A small network is trained on embedded pictures first, for real; ``--run RUN`` shows another run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

_STEPS = 400
_SIZE = 1280, 800
_SECONDS = 300.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gui.screenshots", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--run", type=Path, help="a trained run to show")
    parser.add_argument("--steps", type=int, default=_STEPS, help="of training, without --run")
    parser.add_argument("--one", choices=["light", "dark"], help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        _Photographer(asked.out, asked.run, asked.one).work()
        return 0
    asked.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder)
        for name in ("RUNS", "CONFIG", "CACHE"):
            os.environ[f"DDPM_STUDIO_{name}"] = str(own / name.lower())
        run = asked.run
        if run is None:
            run = _trained(own / "runs" / "fashion-mnist", asked.steps)
            # Another one, to be laid over the first.
            _trained(own / "runs" / "faster", asked.steps // 4, learning_rate=1e-3)
        for scale in ("1", "2"):
            for theme in ("light", "dark"):
                words = [sys.executable, "-m", "tests.gui.screenshots", str(asked.out)]
                environment = {
                    "QT_QPA_PLATFORM": "offscreen",
                    "QT_SCALE_FACTOR": scale,
                    # Each begins with the first layout.
                    "DDPM_STUDIO_CONFIG": str(own / f"config {theme} {scale}"),
                }
                subprocess.run(
                    [*words, "--run", str(run), "--one", theme],
                    env=os.environ | environment,
                    check=True,
                )
    return 0


def _trained(run: Path, steps: int, learning_rate: float = 2e-4) -> Path:
    """Train on the first embedded set; tells its steps on stderr."""
    from ddpm_studio.data.samples import sample_sets
    from ddpm_studio.jobs import train
    from ddpm_studio.jobs.events import TrainTick
    from ddpm_studio.requests import TrainRequest

    chosen = next(sample for sample in sample_sets() if sample.name == "fashion-mnist")
    request = TrainRequest(
        steps=steps,
        device="cpu",
        sample_every=max(1, steps // 5),
        learning_rate=learning_rate,
    )
    for event in train([chosen.path], run, request, chosen.options):
        if isinstance(event, TrainTick):
            print(f"step {event.step} of {event.total}", file=sys.stderr)
    return run


class _Photographer:
    """Drives the real window through its tabs and saves what it shows."""

    def __init__(self, out: Path, run: Path, theme: str) -> None:
        from PySide6.QtWidgets import QApplication

        from ddpm_studio.backend import Backend
        from ddpm_studio.gui.main_window import MainWindow
        from ddpm_studio.gui.settings import open_settings
        from ddpm_studio.gui.studio import Studio
        from ddpm_studio.gui.theme import current_theme

        self.app = QApplication(sys.argv[:1])
        look = current_theme()
        look.mode = "dark" if theme == "dark" else "light"
        look.apply(self.app)
        self.out, self.run = out, run
        self.backend = Backend()
        self.window = MainWindow(Studio(self.backend), open_settings())
        self.window.resize(*_SIZE)
        self.window.show()
        self.window.build_tools()
        self.backend.start()
        percent = round(self.window.devicePixelRatioF() * 100)
        self.ending = f"{theme}-{percent}.png"

    def work(self) -> None:
        """Take all pictures, then close; the backend's thread ends whatever happens."""
        try:
            self._visit()
        finally:
            self.window.close()
            self.backend.shutdown()

    def _visit(self) -> None:
        import numpy as np

        from ddpm_studio.gui.widgets.picture_card import PictureCard

        window, studio = self.window, self.window.studio
        cards = window.start_page.findChildren(PictureCard)
        self.wait(lambda: all(card.count for card in cards), "the samples")
        self.wait(lambda: self.backend.device is not None, "the device")
        self.shoot("start")
        window.open_sample("fashion-mnist")
        self.wait(lambda: studio.dataset is not None, "the data")
        studio.open_paths([self.run])
        self.wait(lambda: studio.can_draw, "the run")
        for panel in (window.share, window.interpolate):
            panel.sampler.set_value({"sampler": "ddim", "steps": 20})
        window.show_tool(window.reverse)
        self.wait(lambda: bool(window.reverse.trajectory.recipe), "a process")
        self.shoot("reverse")
        window.actions_["reverse.as_strip"].trigger()
        self.shoot("reverse-strips")
        window.actions_["reverse.as_grid"].trigger()
        window.actions_["reverse.compare"].trigger()
        self.wait(lambda: len(window.reverse.process.trajectories) == 2, "two samplers")
        self.wait(lambda: window.reverse.process.finished, "two processes")
        window.reverse.player.go(len(window.reverse.process) * 2 // 3)
        self.shoot("reverse-compare")
        window.show_tool(window.share)
        self.wait(lambda: window.share.drawn is not None and not window.share.busy, "sharing")
        self.shoot("share")
        window.show_tool(window.interpolate)
        tool = window.interpolate
        self.wait(lambda: tool.drawn is not None and not tool.busy, "interpolation")
        self.shoot("interpolate")
        tool.choices.corners.setChecked(True)
        self.wait(lambda: tool.drawn is not None and not tool.busy, "four corners")
        self.shoot("corners")
        window.show_tool(window.inpaint)
        self.wait(lambda: window.inpaint.source.fitted is not None, "a picture")
        mask = np.zeros_like(window.inpaint.canvas.painted)
        mask[len(mask) // 2 :] = True
        window.inpaint.canvas.set_mask(mask)
        self.wait(lambda: window.inpaint.drawn is not None and not window.inpaint.busy, "filling")
        self.shoot("fill-in")
        window.show_tool(window.bits)
        window.bits.measure()
        self.wait(lambda: window.bits.decoded is not None and not window.bits.busy, "the bits")
        self.shoot("bits")
        window.show_tool(window.gallery)
        self.rest(1)
        window.gallery.select(window.gallery.items.shown[:1])
        window.gallery.neighbours.search()
        self.wait(lambda: window.gallery.neighbours.found is not None, "neighbours")
        self.shoot("gallery")
        window.show_tool(window.learn)
        learn = window.learn
        learn.show_chapter(learn.forward)
        self.wait(lambda: learn.forward.tables is not None, "a schedule")
        learn.forward.jump.show_symbol("noise")
        learn.forward.lights.light("noise")
        self.shoot("learn-forward")
        learn.forward.lights.light("")
        learn.show_chapter(learn.bound)
        self.wait(lambda: learn.bound.parts is not None and not learn.bound.comparing, "the bound")
        self.shoot("learn-bound")
        points = learn.playground
        learn.show_chapter(points)
        points.shape.setCurrentIndex(points.shape.findData("eight_gaussians"))
        points.train()
        self.wait(lambda: points.walked, "a playground")
        self.rest(1)
        points.play()
        points.moment.setValue(points.moment.maximum() * 19 // 20)
        self.shoot("learn-playground")
        self._observe()
        window.actions_["help.palette"].trigger()
        self.rest(0.5)
        palette = window.helping.palette
        assert palette is not None
        palette.grab().save(str(self.out / f"palette-{self.ending}"))
        palette.hide()

    def _observe(self) -> None:
        """Show the run's curves with those of the others in its folder, samples, settings."""
        tool = self.window.observatory
        self.window.show_tool(tool)
        tool.show_page(tool.runs)
        self.wait(lambda: bool(tool.runs.model.entries), "the runs")
        for entry in tool.runs.model.entries:
            tool.overlay(entry.path, entry.path != self.run)
        self.window.actions_["observatory.compare"].trigger()
        self.rest(1)
        self.shoot("observatory-runs")
        tool.show_page(tool.curves)
        self.rest(2)
        self.shoot("observatory")
        tool.show_page(tool.samples)
        self.wait(lambda: bool(tool.samples.rows), "samples")
        self.shoot("observatory-samples")

    def shoot(self, name: str) -> None:
        """Save the window as it is now."""
        self.rest(0.5)
        self.window.grab().save(str(self.out / f"{name}-{self.ending}"))

    def wait(self, ready: Callable[[], bool], what: str) -> None:
        """Let the window live until something is there.

        Raises:
            TimeoutError: naming what did not come.
        """
        end = time.monotonic() + _SECONDS
        while not ready():
            if time.monotonic() > end:
                raise TimeoutError(f"no {what} after {_SECONDS:.0f} s")
            self.app.processEvents()
            time.sleep(0.005)

    def rest(self, seconds: float) -> None:
        """Let the window live for a moment."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.app.processEvents()
            time.sleep(0.005)


if __name__ == "__main__":
    sys.exit(main())
