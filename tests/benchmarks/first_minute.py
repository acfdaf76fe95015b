"""Share of the first minute of a training in the window that is spent in steps, for each tab.

``python -m tests.benchmarks.first_minute TAB`` starts a training from one tab and prints JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from ddpm_studio.catalogue import TOOLS
from tests.benchmarks.figures import Figure

_SECONDS = 60.0
_SMALLEST_SHARE = 0.9


def measure(rounds: int) -> list[Figure]:
    """Train for a minute in a new window from each tab, with the suggested settings."""
    shares: dict[str, float] = {}
    details: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as kept:
        # The first launch measures this machine; the others find the result.
        _in_window(Path(kept), next(iter(TOOLS)))
        for tab in TOOLS:
            found = _in_window(Path(kept), tab)
            shares[tab] = found.pop("share")
            details[tab] = {"share": round(shares[tab], 3), **found}
    worst = min(shares, key=lambda tab: shares[tab])
    return [
        Figure(
            f"of the first minute, into steps: least, in the tab {worst}",
            shares[worst],
            "",
            at_least=_SMALLEST_SHARE,
            details=details,
        )
    ]


def _in_window(kept: Path, tab: str) -> dict[str, Any]:
    own = {f"DDPM_STUDIO_{name}": str(kept / name.lower()) for name in ("CONFIG", "CACHE", "RUNS")}
    finished = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.first_minute", tab],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", **own},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return found


class _Steps:
    """Seconds spent in steps, by trainer, to leave out trainers that only measure the machine."""

    def __init__(self) -> None:
        from ddpm_studio.engine import Trainer
        from ddpm_studio.engine.training import StepResult

        self.seconds: dict[int, float] = {}
        self.taken: dict[int, int] = {}
        self._last = 0
        step = Trainer.step

        def timed(trainer: Trainer) -> StepResult:
            begun = time.monotonic()
            result = step(trainer)
            self._last = id(trainer)
            self.seconds[self._last] = self.seconds.get(self._last, 0.0) + time.monotonic() - begun
            self.taken[self._last] = self.taken.get(self._last, 0) + 1
            return result

        Trainer.step = timed  # type: ignore[assignment, method-assign]

    def told(self) -> dict[str, Any]:
        """Return share and number of steps of the trainer that took the last step."""
        share = self.seconds.get(self._last, 0.0) / _SECONDS
        return {"share": share, "steps": self.taken.get(self._last, 0)}


def _live(tab: str) -> dict[str, Any]:
    """Open pictures and a tab, press Start, train for a minute; return the figures."""
    from tests.endurance.living_window import Life

    found: dict[str, Any] = {}
    life = Life()

    def script() -> Generator[float, None, None]:
        window, studio = life.window, life.window.studio
        yield from life.open_pictures()
        while not window.meter.has_speed:
            yield 0.05
        window.show_tool(window.tabs.panels[list(TOOLS).index(tab)])
        yield 1.0
        steps = _Steps()
        window.training.start_button.click()
        yield _SECONDS
        request = window.training.form.values()
        found.update(steps.told(), preset=request["preset"], batch=request["batch_size"])
        studio.trainer.stop()
        while studio.training is not None:
            yield 0.05

    life.run(script())
    return found


if __name__ == "__main__":
    print(json.dumps(_live(sys.argv[1])))
