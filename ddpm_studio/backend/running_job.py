"""Running job: steps a job's generator, or calls its function, and reports to the outbox."""

from __future__ import annotations

from collections.abc import Callable, Generator

from ddpm_studio.backend.handle import State
from ddpm_studio.backend.outbox import Outbox
from ddpm_studio.backend.spec import JobSpec
from ddpm_studio.errors import Failure
from ddpm_studio.jobs.events import Event


class RunningJob:
    """A submitted job in its executor, used by one thread at a time.

    The executor sets and reads ``paused``.

    Args:
        spec: the job's specification.
        outbox: receives its reports.
    """

    def __init__(self, spec: JobSpec[object], outbox: Outbox) -> None:
        self.spec = spec
        self.paused = False
        self._outbox = outbox
        self._steps: Generator[Event, None, object] | None = None

    def step(self, start: Callable[[], Generator[Event, None, object]]) -> bool:
        """Step the generator once, calling ``start`` first if needed; False: the job is over."""
        try:
            if self._steps is None:
                self._steps = start()
                self.report(State.RUNNING)
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
                self._steps.close()
        except BaseException as error:
            self.report(State.FAILED, Failure.of(error))
        else:
            self.report(State.CANCELLED)

    def report(self, state: State, payload: object = None) -> None:
        """Add a report to the outbox."""
        self._outbox.report(self.spec.id, state, payload)
