"""10,000 repaints and signals on each Python do not release None and True (reference counts)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from tests.endurance.outcome import Outcome

_TIMES = 10_000
_PYTHONS = ("3.11", "3.12", "3.13")


def endure(scale: float = 1.0) -> Outcome:
    """Repaint and emit under this Python and each other supported one that has PySide6."""
    figures: dict[str, object] = {"times": round(_TIMES * scale)}
    passed = True
    for python in _interpreters():
        words = [python, "-m", "tests.endurance.repainting", str(round(_TIMES * scale))]
        environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYTHONFAULTHANDLER": "1"}
        finished = subprocess.run(words, env=environment, capture_output=True, text=True)
        if finished.returncode:
            passed = False
            figures[python] = finished.stderr.strip().splitlines()[-1:]
            continue
        counted = json.loads(finished.stdout.splitlines()[-1])
        passed = passed and counted["steady"]
        figures[counted.pop("python")] = counted
    return Outcome(passed, figures)


def _interpreters() -> list[str]:
    """Return this Python, and the others on the path that can import the window's packages."""
    found = [sys.executable]
    for version in _PYTHONS:
        other = shutil.which(f"python{version}")
        if other and not sys.version.startswith(version):
            needed = "import PySide6.QtWidgets, pyqtgraph, pydantic, platformdirs, PIL"
            if subprocess.run([other, "-c", needed], capture_output=True).returncode == 0:
                found.append(other)
    return found
