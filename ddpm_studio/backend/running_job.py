"""Running job: steps a job's generator, or calls its function, and reports to the outbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator

from ddpm_studio.backend.handle import State
from ddpm_studio.backend.outbox import Outbox
from ddpm_studio.backend.spec import JobSpec
from ddpm_studio.errors import Failure
from ddpm_studio.jobs.events import Event
from ddpm_studio.jobs.job_clock import stepping


class RunningJob:
    """A submitted job in its executor, used by one thread at a time.

    The executor sets and reads ``paused``.

    Args:
        spec: the job's specification.
        outbox: receives its reports.
    """

    def __init__(self, spec: JobSpec[object], outbox: Outbox) -> None:
        self.spec = spec
        self._paused_since: float | None = None
        self._paused_seconds = 0.0
        self._outbox = outbox
        self._steps: Generator[Event, None, object] | None = None

    @property
    def paused(self) -> bool:
        """Whether the job is not to be stepped for now; that time does not count for it."""
        return self._paused_since is not None

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused_seconds += self._current_pause()
        self._paused_since = time.monotonic() if paused else None

    def _current_pause(self) -> float:
        return 0.0 if self._paused_since is None else time.monotonic() - self._paused_since

    def step(self, start: Callable[[], Generator[Event, None, object]]) -> bool:
        """Step the generator once, calling ``start`` first if needed; False: the job is over."""
        try:
            if self._steps is None:
                self._steps = start()
                self.report(State.RUNNING)
            with stepping(self._paused_seconds):
                event = next(self._steps)
        except StopIteration as stop:
            self.report(State.DONE, stop.value)
            return False
        # Even SystemExit, which a plug-in may raise: it must not end the thread of all jobs.
        except BaseException as error:
            failure = Failure.of(error)
        else:
            self.report(State.RUNNING, event)
            return True
        # Reported outside the except block: the traceback, which keeps the job's tensors
        # alive, is gone by now.
        self._steps = None
        self.report(State.FAILED, failure)
        return False

    def call(self, function: Callable[[], object]) -> None:
        """Run a job that is one function."""
        self.report(State.RUNNING)
        try:
            result = function()
        except BaseException as error:
            failure = Failure.of(error)
        else:
            self.report(State.DONE, result)
            return
        self.report(State.FAILED, failure)

    def close(self) -> None:
        """Close the generator, which cleans up and saves what it must."""
        try:
            if self._steps is not None:
                with stepping(self._paused_seconds + self._current_pause()):
                    self._steps.close()
        except BaseException as error:
            self.report(State.FAILED, Failure.of(error))
        else:
            self.report(State.CANCELLED)

    def report(self, state: State, payload: object = None) -> None:
        """Add a report to the outbox."""
        self._outbox.report(self.spec.id, state, payload)
