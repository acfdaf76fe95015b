"""Screenshots of every view at each window size: ``python -m tests.gui.sizes OUT``.

Light and dark, at 100 and 200 %; prints which share of the central area the pictures of the drawing
tools cover.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.gui.measuring import SIZES, share

_READY = Path(__file__).parents[2] / "resources" / "models" / "fashion-mnist"
_STEPS = 6


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gui.sizes", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--run", type=Path, default=_READY, help="a trained run to show")
    parser.add_argument("--themes", nargs="+", default=["light", "dark"])
    parser.add_argument("--scales", nargs="+", default=["1", "2"])
    parser.add_argument("--views", nargs="+", default=[], help="only these")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.here:
        _take(asked.out, asked.run, asked.themes, asked.views)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        own = {f"DDPM_STUDIO_{n}": str(Path(folder) / n) for n in ("RUNS", "CONFIG", "CACHE")}
        for scale in asked.scales:
            words = [sys.executable, "-m", "tests.gui.sizes", *sys.argv[1:], "--here"]
            seen = {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale}
            subprocess.run(words, env=os.environ | own | seen, check=True)
    return 0


def _take(out: Path, run: Path, themes: list[str], views: list[str]) -> None:
    from ddpm_studio.gui.theme.theme import current_theme
    from tests.gui.photographer import Photographer

    camera = Photographer(out, run, themes[0])
    window = camera.window
    percent = round(window.devicePixelRatioF() * 100)

    def shoot(name: str, size: tuple[int, int]) -> None:
        for theme in themes:
            current_theme().mode = "dark" if theme == "dark" else "light"
            current_theme().apply(camera.app)
            camera.ending = f"{size[0]}-{percent}-{theme}.png"
            camera.shoot(name)

    try:
        for name, panel in camera.draw(_STEPS, views):
            for size in SIZES:
                window.resize(*size)
                camera.rest(0.3)
                first = share(window)
                camera.fill(panel)
                told = f"{name} {size[0]}x{size[1]} at {percent} %"
                print(f"{told}: {first:.0%}, filled {share(window):.0%} of the middle", flush=True)
                shoot(name, size)
        for name in camera.look_around(views):
            for size in SIZES:
                window.resize(*size)
                camera.rest(0.3)
                shoot(name, size)
    finally:
        window.close()
        camera.backend.shutdown()


if __name__ == "__main__":
    sys.exit(main())
