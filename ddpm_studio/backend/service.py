"""Backend service: submits the window's jobs to the executors, and delivers their reports."""

from __future__ import annotations

import time
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from ddpm_studio.backend.device_thread import DeviceThread
from ddpm_studio.backend.handle import JobHandle, State
from ddpm_studio.backend.outbox import JobReport, Outbox
from ddpm_studio.backend.pool import Pool
from ddpm_studio.backend.spec import JobSpec
from ddpm_studio.errors import Failure
from ddpm_studio.jobs.events import TrainTick
from ddpm_studio.jobs.time_left import TimeLeft
from ddpm_studio.progress import Progress

T = TypeVar("T")

_MIN_INTERVAL = 1 / 30
_MIN_WAIT_MS = 1000


class Backend(QObject):
    """Runs jobs in the device thread and a pool, and delivers their reports in the window's thread.

    Reports are fetched at most 30 times a second; results of replaced or cancelled jobs are
    dropped.
    """

    started = Signal(object)
    """A job was submitted; carries its :class:`JobHandle`."""
    closing = Signal()
    """The backend is shutting down: no more jobs are started."""
    ready = Signal(str)
    """Torch is loaded; carries device and precision, such as "CPU float32"."""
    load_failed = Signal(object)
    """Torch can't be loaded; carries the :class:`Failure` by which all device jobs fail."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs: dict[int, JobHandle[object]] = {}
        self.device: str | None = None
        self.load_failure: Failure | None = None
        self._slots: dict[str, int] = {}
        self._times_left: dict[int, TimeLeft] = {}
        self._last_fetch = 0.0
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._fetch)
        self._outbox = Outbox(self)
        self._outbox.reported.connect(self._on_reported)
        self._device_thread = DeviceThread(self._outbox)
        self._device_thread.ready.connect(self._on_ready)
        self._device_thread.load_failed.connect(self._on_load_failed)
        self._pool = Pool(self._outbox)

    def start(self) -> None:
        """Start the executors; jobs may be submitted before.

        The pool starts once the device thread has loaded torch, or failed to: two threads that
        import torch at the same time may see it partly initialised.
        """
        self._device_thread.start()

    def submit(self, spec: JobSpec[T]) -> JobHandle[T]:
        """Submit a job, cancelling an earlier one in the same slot; returns its handle."""
        if spec.slot is not None:
            older = self._slots.get(spec.slot)
            if older is not None and older in self.jobs:
                self.cancel(self.jobs[older])
            self._slots[spec.slot] = spec.id
        job = JobHandle(spec)
        self.jobs[spec.id] = job
        self._times_left[spec.id] = TimeLeft()
        self._executor(spec).submit(spec)
        self.started.emit(job)
        return job

    def cancel(self, job: JobHandle[object]) -> None:
        """Cancel a job; without a slot, it is over only when it has saved what it must."""
        if job.state.is_over:
            return
        self._executor(job.spec).cancel(job.spec.id)
        job.stopping = True
        if job.spec.slot is not None:
            self._end(job, State.CANCELLED)
        else:
            job.changed.emit()

    def pause(self, job: JobHandle[object], paused: bool) -> None:
        """Pause or resume a job."""
        if not job.state.is_over:
            self._executor(job.spec).pause(job.spec.id, paused)

    def shutdown(self, seconds: float = 60.0) -> bool:
        """End all jobs, after they have saved what they must; False on a timeout.

        The timeout does not apply to device jobs that are saving: they are always waited for, and
        the pool then has the whole of the timeout.
        """
        self.closing.emit()
        if not (self._device_thread.isRunning() or self._pool.is_running):
            return True
        start_time = time.monotonic()
        self._pool.stop()
        self._device_thread.stop()
        ended = self._device_thread.wait(int(seconds * 1000))
        while not ended and self._device_thread.is_closing:
            ended = self._device_thread.wait(_MIN_WAIT_MS)
        if ended:
            # Torch may have loaded only now, so the pool with its writes has not started yet.
            self._pool.start()
        remaining = seconds if ended else start_time + seconds - time.monotonic()
        ended = self._pool.join(remaining) and ended
        self._fetch()
        return ended

    def _executor(self, spec: JobSpec[object]) -> DeviceThread | Pool:
        return self._device_thread if spec.on_device else self._pool

    def _on_ready(self, device: str) -> None:
        self._pool.start()
        self.device = device
        self.ready.emit(device)

    def _on_load_failed(self, failure: Failure) -> None:
        # Files can be read and written without torch.
        self._pool.start()
        self.load_failure = failure
        self.load_failed.emit(failure)

    def _on_reported(self) -> None:
        wait = self._last_fetch + _MIN_INTERVAL - time.monotonic()
        if wait <= 0:
            self._fetch()
        elif not self._timer.isActive():
            self._timer.start(max(1, round(wait * 1000)))

    def _fetch(self) -> None:
        self._last_fetch = time.monotonic()
        for report in self._outbox.drain():
            job = self.jobs.get(report.job_id)
            if job is not None and not job.state.is_over:
                self._deliver(job, report)

    def _deliver(self, job: JobHandle[object], report: JobReport) -> None:
        if report.state.is_over:
            self._end(job, report.state, report.payload)
            return
        if report.state is not job.state:
            job.state = report.state
            self._times_left[job.spec.id].pause()
            job.changed.emit()
        if isinstance(report.payload, Progress):
            job.progress = report.payload
            seconds_left = self._times_left[job.spec.id].update(report.payload)
            # A training estimates its time left itself: it knows which time was not training.
            if not job.reports_time_left:
                job.seconds_left = seconds_left
            job.changed.emit()
        elif report.payload is not None:
            if isinstance(report.payload, TrainTick):
                job.reports_time_left, job.seconds_left = True, report.payload.seconds_left
            job.emitted.emit(report.payload)

    def _end(self, job: JobHandle[object], state: State, payload: object = None) -> None:
        job.state = state
        del self.jobs[job.spec.id], self._times_left[job.spec.id]
        if job.spec.slot is not None and self._slots.get(job.spec.slot) == job.spec.id:
            del self._slots[job.spec.slot]
        if state is State.DONE:
            job.result = payload
            job.finished.emit(payload)
        elif isinstance(payload, Failure):
            job.failure = payload
            job.failed.emit(payload)
        job.changed.emit()
        job.ended.emit()
