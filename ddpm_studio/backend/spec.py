"""Job specifications: a job's work, its executor and its scheduling."""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Generic, TypeVar

from ddpm_studio.jobs.events import Event

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore

T_co = TypeVar("T_co", covariant=True)

_ids = count(1)


class Lane(enum.Enum):
    """Priority class: interactive before background; idle jobs wait until nothing else runs.

    Spare jobs, which the user did not request, get a small share of the device's time while
    background jobs run.
    """

    INTERACTIVE = "interactive"
    BACKGROUND = "background"
    SPARE = "spare"
    IDLE = "idle"


@dataclass(frozen=True)
class DeviceSteps(Generic[T_co]):
    """Work as a generator that the device thread steps, in turns with others; with torch loaded."""

    start: Callable[[ModelStore], Generator[Event, None, T_co]]


@dataclass(frozen=True)
class DeviceCall(Generic[T_co]):
    """Work as one short function in the device thread, such as one evaluation of a network."""

    function: Callable[[ModelStore], T_co]


@dataclass(frozen=True)
class PoolSteps(Generic[T_co]):
    """Work as a generator that a thread of the pool steps: files, pictures, encoding.

    It must not use the device, nor torch's global random generator, which trainings draw from.
    """

    start: Callable[[], Generator[Event, None, T_co]]


@dataclass(frozen=True)
class PoolCall(Generic[T_co]):
    """Work as one short function in a thread of the pool; restricted as :class:`PoolSteps`.

    Once begun it is completed, even if the job is cancelled.
    """

    function: Callable[[], T_co]


Work = DeviceSteps[T_co] | DeviceCall[T_co] | PoolSteps[T_co] | PoolCall[T_co]


@dataclass(frozen=True)
class JobSpec(Generic[T_co]):
    """Specification of a job with a result of type ``T_co``.

    Args:
        title: title in the list of jobs.
        work: the work and, by its type, the executor.
        lane: its priority class; the pool has neither spare nor idle jobs.
        slot: a newer job of the same slot cancels and replaces this one.
        listed: whether it appears in the list of jobs.
        queue: in the pool, jobs of one queue run one after another, in the order in which they
            were submitted, and so do those of a slot.
        wanted: whether the user waits for its result, which is lost if it ends early; not so for
            a training, which saves its steps.
        finishes: whether the pool completes its steps even when the window closes; for generators
            that write a little that was requested.
    """

    title: str
    work: Work[T_co]
    lane: Lane = Lane.INTERACTIVE
    slot: str | None = None
    listed: bool = True
    queue: str | None = None
    wanted: bool = False
    finishes: bool = False
    id: int = field(default_factory=lambda: next(_ids))

    @property
    def on_device(self) -> bool:
        """Whether it runs in the device thread, not in the pool."""
        return isinstance(self.work, (DeviceSteps, DeviceCall))
