"""Garbage collection in the window's thread alone.

Left to itself, the collector runs in whatever thread allocates, also the device's, and would
destroy Qt objects there.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL_MS = 1000


class Collector(QObject):
    """Turns automatic collection off and collects from a timer until :meth:`stop`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        # What was imported so far stays for good; there is no use in looking at it each time.
        gc.freeze()
        self._timer = QTimer(self, interval=_INTERVAL_MS)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def stop(self) -> None:
        """Collect no more; Qt's last objects go when the program lets go of them, in its order."""
        self._timer.stop()
        gc.unfreeze()

    def _collect(self) -> None:
        counts, thresholds = gc.get_count(), gc.get_threshold()
        if counts[0] > thresholds[0]:
            oldest_due = counts[2] > thresholds[2]
            gc.collect(2 if oldest_due else 1 if counts[1] > thresholds[1] else 0)
