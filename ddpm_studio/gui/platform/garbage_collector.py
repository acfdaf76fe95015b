"""Garbage collection confined to the GUI thread.

Python's cyclic collector runs in whichever thread allocates, the device's thread included, and
would destroy Qt objects there.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_INTERVAL_MS = 1000


class GarbageCollector(QObject):
    """Replaces automatic collection by a timer in the GUI thread, until :meth:`stop`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        # Modules imported so far are permanent: exclude them from every collection.
        gc.freeze()
        self._timer = QTimer(self, interval=_INTERVAL_MS)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def stop(self) -> None:
        """Stop collecting; the last Qt objects go as the program drops its references."""
        self._timer.stop()
        gc.unfreeze()

    def _collect(self) -> None:
        counts, thresholds = gc.get_count(), gc.get_threshold()
        if counts[0] > thresholds[0]:
            oldest_due = counts[2] > thresholds[2]
            gc.collect(2 if oldest_due else 1 if counts[1] > thresholds[1] else 0)
