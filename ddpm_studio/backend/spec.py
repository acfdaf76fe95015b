"""Job specifications: what the window asks the backend for, and where it runs."""

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
    """Interactive jobs go before background ones; idle ones wait until nothing else runs.

    Spare ones, which nobody asked for, have a small share of the device's time while background
    jobs run.
    """

    INTERACTIVE = "interactive"
    BACKGROUND = "background"
    SPARE = "spare"
    IDLE = "idle"


@dataclass(frozen=True)
class DeviceSteps(Generic[T_co]):
    """A generator that the device's thread steps, in turns with others; torch is loaded there."""

    start: Callable[[ModelStore], Generator[Event, None, T_co]]


@dataclass(frozen=True)
class DeviceCall(Generic[T_co]):
    """One short function in the device's thread, such as one evaluation of a network."""

    function: Callable[[ModelStore], T_co]


@dataclass(frozen=True)
class PoolSteps(Generic[T_co]):
    """A generator that a thread of the pool steps: files, pictures, encoding.

    It must not touch the device, nor torch's global random numbers, which a training draws from.
    """

    start: Callable[[], Generator[Event, None, T_co]]


@dataclass(frozen=True)
class PoolCall(Generic[T_co]):
    """One short function in a thread of the pool; as for :class:`PoolSteps`.

    Once begun it is done, whatever is cancelled.
    """

    function: Callable[[], T_co]


Work = DeviceSteps[T_co] | DeviceCall[T_co] | PoolSteps[T_co] | PoolCall[T_co]


@dataclass(frozen=True)
class JobSpec(Generic[T_co]):
    """A job as it is asked for; ``T_co`` is its result.

    Args:
        title: what a person reads in the list of jobs.
        work: what is done, and by which executor.
        lane: whether somebody waits for it; the pool knows neither spare nor idle jobs.
        slot: a newer job of the same slot replaces this one.
        listed: whether it appears in the list of jobs.
        queue: in the pool, jobs of one queue run one after another, in the order in which they
            were asked for; those of a slot do so in any case.
        wanted: whether a person waits for what it makes, and loses it where it ends early; not
            that of a training, which saves its steps.
    """

    title: str
    work: Work[T_co]
    lane: Lane = Lane.INTERACTIVE
    slot: str | None = None
    listed: bool = True
    queue: str | None = None
    wanted: bool = False
    id: int = field(default_factory=lambda: next(_ids))

    @property
    def on_device(self) -> bool:
        """Whether the device's thread runs it, not the pool."""
        return isinstance(self.work, (DeviceSteps, DeviceCall))
