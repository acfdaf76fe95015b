"""Reference counts of None and True while real widgets repaint and real signals are emitted.

``python -m tests.endurance.repainting TIMES`` prints one JSON object. PySide6 6.12.0 drops a
reference to None at each repaint and to True at each signal under Python 3.11, until the process
aborts. From Python 3.12 on both are immortal: extensions built for older versions still change
the count, but the object is never freed while the count is at least 2³¹.
"""

from __future__ import annotations

import json
import platform
import sys
import time

import numpy as np
from PySide6.QtCore import QCoreApplication, QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from ddpm_studio.backend.rows import Losses
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.widgets.plots.bar_plot import BarPlot
from ddpm_studio.gui.widgets.plots.loss_plot import LossPlot
from tests.paints import PaintCounter

# References that a run may hold itself, however often it repaints.
_SLACK = 500
_IMMORTAL = sys.version_info >= (3, 12)
_MORTAL_BELOW = 1 << 31


class _Bell(QObject):
    rung = Signal(bool, object)


def _let_live(app: QCoreApplication, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        app.processEvents()


def repaint_and_emit(times: int) -> dict[str, object]:
    """Repaint and emit ``times`` times; return how the reference counts have changed."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    grid = PictureGrid("pictures")
    grid.set_pictures(np.zeros((4, 8, 8, 1), dtype=np.uint8))
    bars = BarPlot()
    bars.set_values([1.0, 2.0, 3.0])
    plot = LossPlot()
    plot.update_series("run", Losses.of_steps(np.arange(100), np.ones(100)))
    widgets: list[QWidget] = [grid, bars, plot]
    for widget in widgets:
        widget.resize(160, 120)
        widget.show()
    _let_live(app, seconds=0.5)  # the plot builds its canvas when it is seen
    inside = [part for widget in widgets for part in widget.findChildren(QWidget)]
    painted = [bars, *(part for part in inside if part.isVisible())]
    counted = PaintCounter()
    for widget in painted:
        widget.installEventFilter(counted)
    bell, heard = _Bell(), [0]

    def hear(flag: bool, thing: object) -> None:
        heard[0] += flag and thing is None

    bell.rung.connect(hear)
    before = sys.getrefcount(None), sys.getrefcount(True)
    for _ in range(times):
        bell.rung.emit(True, None)
        for widget in painted:
            widget.repaint()
    after = sys.getrefcount(None), sys.getrefcount(True)
    moved = {"none": after[0] - before[0], "true": after[1] - before[1]}
    return {
        "python": platform.python_version(),
        "heard": heard[0],
        "repaints": counted.painted,
        "moved": moved,
        "immortal": _IMMORTAL,
        "steady": heard[0] == times
        and counted.painted >= len(widgets) * times
        and all(map(_is_safe, after, moved.values())),
    }


def _is_safe(count: int, moved: int) -> bool:
    """Whether an object with this reference count can never be freed."""
    return count >= _MORTAL_BELOW if _IMMORTAL else abs(moved) < _SLACK


if __name__ == "__main__":
    print(json.dumps(repaint_and_emit(int(sys.argv[1]))))
