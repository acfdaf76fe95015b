"""The window's door to the backend."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from ddpm_studio.backend.device_thread import Report, Worker
from ddpm_studio.backend.spec import Job, State, Task
from ddpm_studio.errors import Failure
from ddpm_studio.jobs.events import Progress, TrainTick
from ddpm_studio.jobs.time_left import TimeLeft

_MIN_INTERVAL = 1 / 30


class Backend(QObject):
    """Starts tasks in the device's thread and brings what they report to the window's.

    Reports are fetched at most 30 times a second; results of replaced or cancelled tasks are
    dropped.
    """

    started = Signal(object)
    """A :class:`Job` was submitted."""
    closing = Signal()
    """No task will be begun any more."""
    ready = Signal(str)
    """Torch is loaded; carries device and precision in words, such as "CPU float32"."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs: dict[int, Job] = {}
        self.device: str | None = None
        self._slots: dict[str, int] = {}
        self._times_left: dict[int, TimeLeft] = {}
        self._fetched = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._fetch)
        self._worker = Worker()
        self._worker.reported.connect(self._on_reported)
        self._worker.ready.connect(self._on_ready)

    def start(self) -> None:
        """Start the thread; tasks may be submitted before."""
        self._worker.start()

    def submit(self, task: Task) -> Job:
        """Start a task; one in the same slot is cancelled."""
        if task.slot is not None:
            older = self._slots.get(task.slot)
            if older is not None and older in self.jobs:
                self.cancel(self.jobs[older])
            self._slots[task.slot] = task.id
        job = Job(task)
        self.jobs[task.id] = job
        self._times_left[task.id] = TimeLeft()
        self._worker.submit(task)
        self.started.emit(job)
        return job

    def cancel(self, job: Job) -> None:
        """Cancel a job. One that saves something when it ends is over when that is done."""
        if job.state.over:
            return
        self._worker.cancel(job.task.id)
        if job.task.slot is not None:
            self._end(job, State.CANCELLED)

    def pause(self, job: Job, paused: bool) -> None:
        """Pause a job, or go on."""
        if not job.state.over:
            self._worker.pause(job.task.id, paused)

    def shutdown(self, seconds: float = 60.0) -> bool:
        """End all jobs, those that save something after they have; False if time ran out."""
        self.closing.emit()
        if not self._worker.isRunning():
            return True
        self._worker.stop()
        ended = self._worker.wait(int(seconds * 1000))
        self._fetch()
        return ended

    def _on_ready(self, device: str) -> None:
        self.device = device
        self.ready.emit(device)

    def _on_reported(self) -> None:
        wait = self._fetched + _MIN_INTERVAL - time.monotonic()
        if wait <= 0:
            self._fetch()
        elif not self._timer.isActive():
            self._timer.start(max(1, round(wait * 1000)))

    def _fetch(self) -> None:
        self._fetched = time.monotonic()
        for report in self._worker.take():
            job = self.jobs.get(report.task_id)
            if job is not None and not job.state.over:
                self._deliver(job, report)

    def _deliver(self, job: Job, report: Report) -> None:
        if report.state.over:
            self._end(job, report.state, report.payload)
            return
        if report.state is not job.state:
            job.state = report.state
            self._times_left[job.task.id].pause()
            job.changed.emit()
        if isinstance(report.payload, Progress):
            job.progress = report.payload
            left = self._times_left[job.task.id].update(report.payload)
            # A training tells its time left itself: it knows what was not training.
            if not job.tells_time:
                job.seconds_left = left
            job.changed.emit()
        elif report.payload is not None:
            if isinstance(report.payload, TrainTick):
                job.tells_time, job.seconds_left = True, report.payload.seconds_left
            job.emitted.emit(report.payload)

    def _end(self, job: Job, state: State, payload: object = None) -> None:
        job.state = state
        del self.jobs[job.task.id], self._times_left[job.task.id]
        if job.task.slot is not None and self._slots.get(job.task.slot) == job.task.id:
            del self._slots[job.task.slot]
        if state is State.DONE:
            job.result = payload
            job.finished.emit(payload)
        elif isinstance(payload, Failure):
            job.failure = payload
            job.failed.emit(payload)
        job.changed.emit()
        job.ended.emit()
