"""Thread pool for jobs without the device: files, pictures, encoding."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from threading import Condition, Thread

from ddpm_studio.backend.handle import State
from ddpm_studio.backend.outbox import Outbox
from ddpm_studio.backend.running_job import RunningJob
from ddpm_studio.backend.spec import JobSpec, Lane, PoolCall, PoolSteps
from ddpm_studio.jobs.events import Event

_THREADS = 3
# One thread is reserved for interactive jobs.
_MAX_BACKGROUND = _THREADS - 1


class _PoolJob(RunningJob):
    """A job of the pool, waiting or taken by a thread."""

    def __init__(self, spec: JobSpec[object], outbox: Outbox) -> None:
        super().__init__(spec, outbox)
        self.queues = {name for name in (spec.queue, spec.slot and f"slot {spec.slot}") if name}
        self.is_assigned = False
        self.cancelled = False


class Pool:
    """Thread pool that runs jobs, interactive before background.

    Generators are closed between two of their steps when they are cancelled. On stopping, jobs that
    are one short function or have ``finishes`` set are still completed, even waiting ones, so that
    no requested write is lost.
    All methods are called from the window's thread.

    Args:
        outbox: receives the jobs' reports.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._changed = Condition()
        self._jobs: list[_PoolJob] = []
        self._stopping = False
        self._threads = [
            Thread(target=self._serve, name=f"pool {n}", daemon=True) for n in range(_THREADS)
        ]

    def start(self) -> None:
        """Start the threads, unless they are started; jobs may be submitted before."""
        for thread in self._threads:
            if thread.ident is None:
                thread.start()

    def submit(self, spec: JobSpec[object]) -> None:
        """Enqueue a job."""
        with self._changed:
            self._jobs.append(_PoolJob(spec, self._outbox))
            self._changed.notify_all()

    def cancel(self, job_id: int) -> None:
        """Cancel a job: a generator is closed after its current step; a running function ends."""
        with self._changed:
            for job in self._jobs:
                if job.spec.id == job_id:
                    job.cancelled = True
            self._changed.notify_all()

    def pause(self, job_id: int, paused: bool) -> None:
        """Pause or resume a job."""
        with self._changed:
            for job in self._jobs:
                if job.spec.id == job_id and not job.cancelled:
                    job.paused = paused
                    # A job that is being stepped reports it itself, once it has stopped.
                    if not job.is_assigned:
                        job.report(State.PAUSED if paused else State.RUNNING)
            self._changed.notify_all()

    def stop(self) -> None:
        """Close generators without ``finishes``, complete the other jobs, and end the threads."""
        with self._changed:
            self._stopping = True
            for job in self._jobs:
                job.paused = False
                if isinstance(job.spec.work, PoolSteps) and not job.spec.finishes:
                    job.cancelled = True
            self._changed.notify_all()

    def join(self, seconds: float) -> bool:
        """Wait for the threads to end; False on a timeout."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, deadline - time.monotonic()))
        return not self.is_running

    @property
    def is_running(self) -> bool:
        """Whether any thread is alive."""
        return any(thread.is_alive() for thread in self._threads)

    def _serve(self) -> None:
        while (job := self._wait_for_job()) is not None:
            is_over = self._run(job)
            with self._changed:
                job.is_assigned = False
                if is_over:
                    self._jobs.remove(job)
                self._changed.notify_all()

    def _wait_for_job(self) -> _PoolJob | None:
        """Wait for the next job and take it; None if the pool has stopped."""
        with self._changed:
            while True:
                job = self._next()
                if job is not None:
                    job.is_assigned = True
                    return job
                if self._stopping and not self._jobs:
                    return None
                self._changed.wait()

    def _next(self) -> _PoolJob | None:
        busy = {queue for job in self._jobs if job.is_assigned for queue in job.queues}
        room = _MAX_BACKGROUND - sum(
            job.is_assigned and job.spec.lane is Lane.BACKGROUND for job in self._jobs
        )
        found: _PoolJob | None = None
        for job in self._jobs:
            if job.is_assigned:
                continue
            if job.cancelled:
                # Cancelled jobs are ended at once, whether they have begun or not.
                return job
            free = not job.queues & busy
            # Later jobs of a queue wait for earlier ones, even for a paused one, which may be
            # half-way through a file.
            busy |= job.queues
            if job.paused or not free:
                continue
            if job.spec.lane is Lane.INTERACTIVE:
                return job
            if found is None and room > 0:
                found = job
        return found

    def _run(self, job: _PoolJob) -> bool:
        """Run a job until it is over (True) or pauses (False)."""
        match job.spec.work:
            case PoolCall(function) if not job.cancelled:
                job.call(function)
            case PoolSteps(start) if not job.cancelled:
                return self._run_step(job, start)
            case _:
                job.close()
        return True

    def _run_step(self, job: _PoolJob, start: Callable[[], Generator[Event, None, object]]) -> bool:
        while job.step(start):
            if job.cancelled:
                job.close()
                return True
            if job.paused:
                job.report(State.PAUSED)
                return False
        return True
