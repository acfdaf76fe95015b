"""Fake backend for tests of views: the test finishes jobs by hand; no threads, torch or waiting."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import QObject

from ddpm_studio.backend import Backend, JobHandle, JobSpec, State
from ddpm_studio.backend.outbox import JobReport, Outbox
from ddpm_studio.backend.pool import Pool
from ddpm_studio.errors import Failure
from ddpm_studio.jobs.events import Event
from ddpm_studio.progress import Progress

T = TypeVar("T")


class _Hand(Pool):
    """Executor that only records the submitted jobs and the cancel requests."""

    def __init__(self) -> None:
        super().__init__(Outbox())
        self.specs: list[JobSpec[object]] = []
        self.cancelled: list[int] = []

    def submit(self, spec: JobSpec[object]) -> None:
        self.specs.append(spec)

    def cancel(self, job_id: int) -> None:
        self.cancelled.append(job_id)

    def pause(self, job_id: int, paused: bool) -> None:
        pass


class FakeBackend(Backend):
    """Delivers the reports that a test makes for each job, at once and as the real backend would.

    Slots, states, remaining times and signals are the real ones. A job that is paused or cancelled
    keeps its state until the test reports the change, like a job that takes a while to stop.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hand = _Hand()

    @property
    def specs(self) -> list[JobSpec[object]]:
        """All submitted job specs, in order."""
        return self._hand.specs

    def start(self, device: str = "CPU float32") -> None:
        """Report that the backend is ready, on a device given in words."""
        self._on_ready(device)

    def fails_to_load(self, error: Exception) -> None:
        """Report that torch could not be loaded."""
        self.load_failure = Failure.of(error)
        self.load_failed.emit(self.load_failure)

    def shutdown(self, seconds: float = 60.0) -> bool:
        """Emit ``closing`` and return at once: there is nothing to wait for."""
        self.closing.emit()
        return True

    def job(self, title: str) -> JobHandle[object]:
        """Return the newest unfinished job with a title."""
        return [job for job in self.jobs.values() if job.spec.title == title][-1]

    def asked_to_cancel(self, job: JobHandle[object]) -> bool:
        """Whether a job was requested to cancel."""
        return job.spec.id in self._hand.cancelled

    def progress(
        self, job: JobHandle[object], done: int, total: int, text: str = "Working"
    ) -> None:
        """Report the progress of a job."""
        self._tell(job, State.RUNNING, Progress(done, total, text))

    def send(self, job: JobHandle[object], event: Event) -> None:
        """Report an event of a job."""
        self._tell(job, State.RUNNING, event)

    def pauses(self, job: JobHandle[object]) -> None:
        """Report that a job has paused."""
        self._tell(job, State.PAUSED)

    def finish(self, job: JobHandle[T], result: T) -> None:
        """End a job with its result."""
        self._tell(job, State.DONE, result)

    def fail(self, job: JobHandle[object], error: Exception) -> None:
        """End a job with an error."""
        self._tell(job, State.FAILED, Failure.of(error))

    def cancelled(self, job: JobHandle[object]) -> None:
        """End a job that was cancelled.

        Raises:
            AssertionError: if nobody cancelled it.
        """
        assert self.asked_to_cancel(job), f"nobody has cancelled {job.spec.title}"
        self._tell(job, State.CANCELLED)

    def _tell(self, job: JobHandle[T], state: State, payload: object = None) -> None:
        assert not job.state.is_over, f"{job.spec.title} is over"
        self._deliver(job, JobReport(job.spec.id, state, payload))

    def _executor(self, spec: JobSpec[object]) -> _Hand:
        return self._hand

    def _on_ready(self, device: str) -> None:
        self.device = device
        self.ready.emit(device)
