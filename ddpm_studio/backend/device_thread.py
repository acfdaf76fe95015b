"""Device thread: the only thread that uses torch's device; a scheduler of job generators."""

from __future__ import annotations

import queue
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QThread, Signal

from ddpm_studio.backend.duty_cycle import DutyCycle
from ddpm_studio.backend.handle import State
from ddpm_studio.backend.heap_trim import HeapTrim
from ddpm_studio.backend.outbox import Outbox
from ddpm_studio.backend.running_job import RunningJob
from ddpm_studio.backend.spec import DeviceCall, DeviceSteps, JobSpec, Lane
from ddpm_studio.errors import Failure, StudioError, is_device_lost, is_out_of_memory, printable

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore

# Interactive jobs run at most this long in a row before a background job gets a step.
_INTERACTIVE_SECONDS = 0.25

# Share of the time for jobs of the spare lane while background jobs run.
_SPARE_SHARE = 0.04

# Idle time after which the modules for training are loaded; requests made meanwhile come first.
_TRAINING_LOAD_DELAY = 0.5

# Idle jobs wait this long after an interactive one, as the next may follow soon, such as while a
# control is dragged; it would be delayed by a step of an idle job, which can't be interrupted.
_IDLE_DELAY = 0.5


@dataclass(frozen=True)
class _Cancel:
    job_id: int


@dataclass(frozen=True)
class _Pause:
    job_id: int
    paused: bool


@dataclass(frozen=True)
class _Stop:
    pass


class DeviceThread(QThread):
    """Scheduler that steps the generators of device jobs, one at a time, by lane.

    All methods except :meth:`run` are called from the window's thread.

    Args:
        outbox: receives the jobs' reports.
    """

    ready = Signal(str)
    """Emitted when torch is loaded; carries device and precision, such as "CPU float32"."""
    load_failed = Signal(object)
    """Emitted if torch can't be loaded; carries the :class:`Failure` of all device jobs."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__()
        self.setObjectName("device")
        self._outbox = outbox
        self._commands: queue.SimpleQueue[JobSpec[object] | _Cancel | _Pause | _Stop]
        self._commands = queue.SimpleQueue()
        self._jobs: list[RunningJob] = []
        self._can_train = False
        self.is_closing = False
        """Whether the thread is ending and closes its jobs, which may take long while they save."""
        self._idle_from = 0.0

    def submit(self, spec: JobSpec[object]) -> None:
        """Enqueue a job."""
        self._commands.put(spec)

    def cancel(self, job_id: int) -> None:
        """Close a job's generator, which cleans up and saves what it must."""
        self._commands.put(_Cancel(job_id))

    def pause(self, job_id: int, paused: bool) -> None:
        """Pause or resume a job."""
        self._commands.put(_Pause(job_id, paused))

    def stop(self) -> None:
        """Close all generators and end the thread."""
        self._commands.put(_Stop())

    def run(self) -> None:
        """Load torch, then run jobs until :meth:`stop`; training modules are loaded when idle."""
        try:
            from ddpm_studio.jobs.warmup import load  # loads torch, while the window is shown

            models, device = load()
        except Exception as error:
            failure = _load_failure(error)
        else:
            self.ready.emit(device)
            self._serve(models)
            return
        self.load_failed.emit(failure)
        self._fail_jobs(failure)

    def _fail_jobs(self, failure: Failure) -> None:
        """Fail every submitted job, until :meth:`stop`."""
        while not isinstance(command := self._commands.get(), _Stop):
            if isinstance(command, JobSpec):
                self._outbox.report(command.id, State.FAILED, failure)

    def _serve(self, models: ModelStore) -> None:
        """Step the jobs, by lane, until :meth:`stop`."""
        heap_trim = HeapTrim()
        spare_time = DutyCycle(_SPARE_SHARE)
        interactive_since: float | None = None
        while self._serve_commands():
            heap_trim.trim_if_due()
            interactive = self._next(Lane.INTERACTIVE)
            background = self._next(Lane.BACKGROUND)
            spare = self._next(Lane.SPARE)
            now = time.monotonic()
            if interactive and interactive_since is None:
                interactive_since = now
            turn_over = (
                interactive_since is not None and now - interactive_since > _INTERACTIVE_SECONDS
            )
            if interactive and not (background and turn_over):
                self._step(interactive, models)
                self._idle_from = time.monotonic() + _IDLE_DELAY
            elif background and (interactive or not (spare and spare_time.is_due)):
                interactive_since = None
                self._step(background, models)
            elif spare:
                interactive_since = None
                spare_time.run_work(partial(self._step, spare, models))
            elif (idle := self._next(Lane.IDLE)) and time.monotonic() >= self._idle_from:
                interactive_since = None
                self._step(idle, models)
        self.is_closing = True
        for job in list(self._jobs):
            self._close(job)

    def _load_for_training(self) -> None:
        # An import error is reported by the training that needs the module; drawing still works.
        with suppress(Exception):
            from ddpm_studio.jobs.warmup import load_for_training

            load_for_training()
        self._can_train = True

    def _serve_commands(self) -> bool:
        """Process the queued commands, waiting if there is nothing to step; False: stopped."""
        while True:
            lanes = {job.spec.lane for job in self._jobs if not job.paused}
            timeout = None if self._can_train else _TRAINING_LOAD_DELAY
            if lanes == {Lane.IDLE}:
                timeout = max(0.0, self._idle_from - time.monotonic())
            try:
                command = self._commands.get(lanes <= {Lane.IDLE}, timeout)
            except queue.Empty:
                if lanes:
                    return True
                self._load_for_training()
                continue
            match command:
                case _Stop():
                    return False
                case _Cancel(job_id):
                    for job in self._find(job_id):
                        self._close(job)
                case _Pause(job_id, paused):
                    for job in self._find(job_id):
                        job.paused = paused
                        job.report(State.PAUSED if paused else State.RUNNING)
                case JobSpec():
                    self._jobs.append(RunningJob(command, self._outbox))

    def _find(self, job_id: int) -> list[RunningJob]:
        return [job for job in self._jobs if job.spec.id == job_id]

    def _next(self, lane: Lane) -> RunningJob | None:
        return next((job for job in self._jobs if job.spec.lane is lane and not job.paused), None)

    def _step(self, job: RunningJob, models: ModelStore) -> None:
        self._jobs.remove(job)
        match job.spec.work:
            case DeviceCall(function):
                job.call(partial(function, models))
            case DeviceSteps(start):
                if job.step(partial(start, models)):
                    # Round-robin among the jobs of a lane.
                    self._jobs.append(job)

    def _close(self, job: RunningJob) -> None:
        self._jobs.remove(job)
        job.close()


def _load_failure(error: Exception) -> Failure:
    """Return the failure for an error on loading torch; a broken installation raises anything."""
    failure = Failure.of(error)
    if isinstance(error, StudioError) or is_out_of_memory(error) or is_device_lost(error):
        # Torch itself is intact, so reinstalling it would not help.
        return failure
    reason = printable(str(error), 300) or type(error).__name__
    return Failure(
        f"PyTorch can't be loaded, so nothing can be drawn or trained: {reason.rstrip('.')}.",
        "Install it again (pip install --force-reinstall torch), then start DDPM Studio again.",
        failure.details,
    )
