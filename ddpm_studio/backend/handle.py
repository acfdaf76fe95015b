"""Job handles: state, progress and result of a job, with signals, in the window's thread."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Signal, SignalInstance

from ddpm_studio.backend.spec import JobSpec
from ddpm_studio.errors import Failure
from ddpm_studio.jobs.events import Event
from ddpm_studio.progress import Progress

T_co = TypeVar("T_co", covariant=True)


class State(enum.Enum):
    """State of a job."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether the state is final."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


class JobHandle(QObject, Generic[T_co]):
    """Handle of a job with a result of type ``T_co``, for the window.

    It lives in the window's thread, where all its signals are emitted. The ``on_…`` methods are
    type-checked equivalents of their signals' ``connect``.

    Args:
        spec: the job's specification.
        parent: Qt parent.
    """

    emitted = Signal(object)
    """Carries each event of the generator except Progress, in order."""
    changed = Signal()
    """State, progress or ``stopping`` has changed."""
    finished = Signal(object)
    """The job is done; carries the result."""
    failed = Signal(object)
    """The job has failed; carries a :class:`Failure`."""
    ended = Signal()
    """The job has ended: done, failed or cancelled; emitted last."""

    def __init__(self, spec: JobSpec[T_co], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self.state = State.WAITING
        #: Whether the job was cancelled, and ends once it has saved what it must.
        self.stopping = False
        self.progress: Progress | None = None
        self.seconds_left: float | None = None
        self.reports_time_left = False
        self.failure: Failure | None = None
        self.result: T_co | None = None

    def on_event(self, slot: Callable[[Event], object] | SignalInstance) -> None:
        """Connect a slot or a signal to each event except Progress."""
        self.emitted.connect(slot)

    def on_finished(self, slot: Callable[[T_co], object] | SignalInstance) -> None:
        """Connect a slot or a signal to the result."""
        self.finished.connect(slot)

    def on_failed(self, slot: Callable[[Failure], object] | SignalInstance) -> None:
        """Connect a slot or a signal to the failure."""
        self.failed.connect(slot)
