"""Startup time: seconds from launch to the first painted window, and to the terminal's help."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from tests.benchmarks.figures import Figure

# The entry point is the terminal's; the paint listener is installed before it runs.
_PROGRAM = """
import time
from PySide6 import QtWidgets
from PySide6.QtCore import QEvent, QObject, QTimer
from ddpm_studio.cli import main

class Painted(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and isinstance(watched, QtWidgets.QMainWindow):
            print(time.time(), flush=True)
            QtWidgets.QApplication.instance().removeEventFilter(self)
            QTimer.singleShot(0, watched.close)
        return False

painted = Painted()

class Application(QtWidgets.QApplication):
    def __init__(self, words):
        super().__init__(words)
        self.installEventFilter(painted)

QtWidgets.QApplication = Application
main([])
"""


def measure(rounds: int) -> list[Figure]:
    """Return the median over ``rounds`` launches after a warm-up."""
    painted, helped = (
        statistics.median([launch() for _ in range(rounds + 1)][1:]) for launch in (_paint, _help)
    )
    details: dict[str, object] = {"rounds": rounds}
    return [
        Figure("launch to first painted window", painted, "s", at_most=0.6, details=details),
        Figure("ddpm-studio --help", helped, "s", at_most=0.25, details=details),
    ]


def _paint() -> float:
    words = [sys.executable, "-c", _PROGRAM]
    environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
    begun = time.time()
    finished = subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True)
    return float(finished.stdout.split()[0]) - begun


def _help() -> float:
    words = [sys.executable, "-m", "ddpm_studio", "--help"]
    begun = time.monotonic()
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begun
