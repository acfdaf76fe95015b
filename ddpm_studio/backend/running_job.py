"""Running job: steps its generator and reports what comes."""

from __future__ import annotations

from collections.abc import Callable, Generator

from ddpm_studio.backend.handle import State
from ddpm_studio.backend.outbox import Outbox
from ddpm_studio.backend.spec import JobSpec
from ddpm_studio.errors import Failure
from ddpm_studio.jobs.events import Event


class RunningJob:
    """One job in one thread at a time; what its executor makes of it is in ``paused``.

    Args:
        spec: what was asked for.
        outbox: where it reports.
    """

    def __init__(self, spec: JobSpec[object], outbox: Outbox) -> None:
        self.spec = spec
        self.paused = False
        self._outbox = outbox
        self._steps: Generator[Event, None, object] | None = None

    def step(self, start: Callable[[], Generator[Event, None, object]]) -> bool:
        """Take one step, after ``start`` if it is the first; False: it is over."""
        try:
            if self._steps is None:
                self._steps = start()
                self.report(State.RUNNING)
            event = next(self._steps)
        except StopIteration as stop:
            self.report(State.DONE, stop.value)
            return False
        # Also a SystemExit of a plug-in: the thread, which all other jobs need, does not end by it.
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
        """Do a job that is one function."""
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
        """Close the generator: what it must clean up or save, it does."""
        try:
            if self._steps is not None:
                self._steps.close()
        except BaseException as error:
            self.report(State.FAILED, Failure.of(error))
        else:
            self.report(State.CANCELLED)

    def report(self, state: State, payload: object = None) -> None:
        """Tell the window."""
        self._outbox.report(self.spec.id, state, payload)
