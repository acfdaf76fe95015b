"""Outbox of the executors: what they report, until the window takes it."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend.handle import State
from ddpm_studio.progress import Progress


@dataclass(frozen=True)
class JobReport:
    """What an executor tells of one job: its new state and what came with it."""

    job_id: int
    state: State
    payload: object = None


class Outbox(QObject):
    """Reports of all executors, in order; any thread may add to it.

    ``reported`` says only that there is something to :meth:`take`; it is not sent again
    before that was done, so busy threads can't flood the window.
    """

    reported = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reports: list[JobReport] = []
        self._last: dict[int, int] = {}
        self._lock = Lock()
        self._announced = False

    def take(self) -> list[JobReport]:
        """Return what was reported since the last call, in order."""
        with self._lock:
            reports = self._reports
            self._reports = []
            self._last.clear()
            self._announced = False
        return reports

    def report(self, job_id: int, state: State, payload: object = None) -> None:
        """Add a report."""
        report = JobReport(job_id, state, payload)
        with self._lock:
            # Of a job's row of progress reports the last one says it all, whatever other jobs
            # report in between: the outbox stays short even if the window is slow.
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
