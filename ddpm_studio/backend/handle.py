"""Job handles: the window's view of jobs that run elsewhere."""

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
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self in (State.DONE, State.FAILED, State.CANCELLED)


class JobHandle(QObject, Generic[T_co]):
    """The window's view of a job with a result ``T_co``.

    It lives in the window's thread, as do all its signals. The ``on_…`` methods are their
    signals' ``connect`` with the types of what is carried.

    Args:
        spec: what was asked for.
        parent: the owner.
    """

    emitted = Signal(object)
    """Each event of the generator but Progress, in order."""
    changed = Signal()
    """State or progress is another, or it is ``stopping``."""
    finished = Signal(object)
    """The result."""
    failed = Signal(object)
    """A :class:`Failure`."""
    ended = Signal()
    """Over, one way or another."""

    def __init__(self, spec: JobSpec[T_co], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.spec = spec
        self.state = State.WAITING
        #: Whether it was cancelled, and ends as soon as it has saved what it must.
        self.stopping = False
        self.progress: Progress | None = None
        self.seconds_left: float | None = None
        self.tells_time = False
        self.failure: Failure | None = None
        self.result: T_co | None = None

    def on_event(self, slot: Callable[[Event], object] | SignalInstance) -> None:
        """Call ``slot``, or send it on if it is a signal, with each event but Progress."""
        self.emitted.connect(slot)

    def on_finished(self, slot: Callable[[T_co], object] | SignalInstance) -> None:
        """Call ``slot``, or send it on if it is a signal, with the result."""
        self.finished.connect(slot)

    def on_failed(self, slot: Callable[[Failure], object] | SignalInstance) -> None:
        """Call ``slot``, or send it on if it is a signal, with what went wrong."""
        self.failed.connect(slot)
