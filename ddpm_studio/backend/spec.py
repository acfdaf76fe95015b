"""What the backend is asked to do, and how it goes."""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from ddpm_studio.errors import Failure
from ddpm_studio.jobs.events import Event, Progress

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore

_ids = count(1)

Work = Callable[["ModelStore"], Generator[Event, None, Any]]
"""Starts a job; called in the backend's thread, where torch may be imported."""


class Lane(enum.Enum):
    """Interactive jobs go before background ones; idle ones wait until nothing else runs."""

    INTERACTIVE = "interactive"
    BACKGROUND = "background"
    IDLE = "idle"


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


@dataclass(frozen=True)
class Task:
    """A request to the backend.

    Args:
        title: what a person reads in the list of jobs.
        work: see :data:`Work`.
        lane: whether somebody waits for it.
        slot: a newer task of the same slot replaces this one.
        listed: whether it appears in the list of jobs.
    """

    title: str
    work: Work
    lane: Lane = Lane.INTERACTIVE
    slot: str | None = None
    listed: bool = True
    id: int = field(default_factory=lambda: next(_ids))


class Job(QObject):
    """The window's view of a task: lives in the window's thread, as do all its signals."""

    emitted = Signal(object)
    """Each event of the generator but Progress, in order."""
    changed = Signal()
    """State or progress is another."""
    finished = Signal(object)
    """The generator's result."""
    failed = Signal(object)
    """A :class:`Failure`."""
    ended = Signal()
    """Over, one way or another."""

    def __init__(self, task: Task, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.task = task
        self.state = State.WAITING
        self.progress: Progress | None = None
        self.seconds_left: float | None = None
        self.tells_time = False
        self.failure: Failure | None = None
        self.result: Any = None
