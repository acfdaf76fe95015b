"""Outbox: thread-safe queue of job reports from the executors to the window."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend.handle import State
from ddpm_studio.progress import Progress


@dataclass(frozen=True)
class JobReport:
    """Report on one job: its state, with an event, the result or a failure."""

    job_id: int
    state: State
    payload: object = None


class Outbox(QObject):
    """Queue of the reports of all executors, in order; any thread may add to it.

    The signal ``reported`` announces that there are reports to :meth:`drain`; it isn't emitted
    again until they are taken, so that busy threads can't flood the window's event loop.
    """

    reported = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reports: list[JobReport] = []
        self._last: dict[int, int] = {}
        self._lock = Lock()
        self._announced = False

    def drain(self) -> list[JobReport]:
        """Return the reports added since the last call, in order."""
        with self._lock:
            reports = self._reports
            self._reports = []
            self._last.clear()
            self._announced = False
        return reports

    def report(self, job_id: int, state: State, payload: object = None) -> None:
        """Add a report; it replaces the job's last one if both are Progress."""
        report = JobReport(job_id, state, payload)
        with self._lock:
            # Consecutive progress reports of a job are coalesced, whatever other jobs report in
            # between: the outbox stays short even if the window is slow.
            last = self._last.get(job_id)
            if (
                last is not None
                and isinstance(payload, Progress)
                and isinstance(self._reports[last].payload, Progress)
            ):
                self._reports[last] = report
            else:
                self._last[job_id] = len(self._reports)
                self._reports.append(report)
            announce, self._announced = not self._announced, True
        if announce:
            self.reported.emit()
