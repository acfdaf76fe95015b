"""A backend whose jobs a test ends by hand, for tests of views: no threads, torch or waiting."""

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
    """An executor that does nothing but note what it is told."""

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
    """Delivers what the test tells of each job, at once and as the real backend would.

    Slots, states, times left and signals are the real ones. What is paused or cancelled stays as it
    was until the test reports it, as with jobs that take a while to stop.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hand = _Hand()

    @property
    def specs(self) -> list[JobSpec[object]]:
        """All that was submitted, in order."""
        return self._hand.specs

    def start(self, device: str = "CPU float32") -> None:
        """Be ready, with a device in words."""
        self._on_ready(device)

    def fails_to_load(self, error: Exception) -> None:
        """Tell that there is no torch."""
        self.load_failure = Failure.of(error)
        self.load_failed.emit(self.load_failure)

    def shutdown(self, seconds: float = 60.0) -> bool:
        """End: there is nothing to wait for."""
        self.closing.emit()
        return True

    def job(self, title: str) -> JobHandle[object]:
        """The newest job of a title that is not over."""
        return [job for job in self.jobs.values() if job.spec.title == title][-1]

    def asked_to_cancel(self, job: JobHandle[object]) -> bool:
        """Whether somebody cancelled a job."""
        return job.spec.id in self._hand.cancelled

    def progress(
        self, job: JobHandle[object], done: int, total: int, text: str = "Working"
    ) -> None:
        """Report how far a job is."""
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
            AssertionError: if nobody did.
        """
        assert self.asked_to_cancel(job), f"nobody has cancelled {job.spec.title}"
        self._tell(job, State.CANCELLED)

    def _tell(self, job: JobHandle[T], state: State, payload: object = None) -> None:
        assert not job.state.over, f"{job.spec.title} is over"
        self._deliver(job, JobReport(job.spec.id, state, payload))

    def _executor(self, spec: JobSpec[object]) -> _Hand:
        return self._hand

    def _on_ready(self, device: str) -> None:
        self.device = device
        self.ready.emit(device)
