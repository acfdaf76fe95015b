"""Helpers for generators that yield progress events and return a result: run one, or map events."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TypeVar

Yielded = TypeVar("Yielded")
Mapped = TypeVar("Mapped")
Result = TypeVar("Result")


def finish(
    job: Generator[Yielded, None, Result], on_event: Callable[[Yielded], object] | None = None
) -> Result:
    """Run a generator to completion and return its result.

    ::

        x_0 = finish(heun(process, model, x_T, noise))
        bound = finish(measure_bound(process, model_for, load, sums, seed=0, batch=64))

    Args:
        job: a sampler, a measurement, a job, an export: any generator that returns a result. It
            is always closed before this returns or raises.
        on_event: called with each value that it yields; an exception that it raises ends the job.
    """
    with contextlib.closing(job):
        while True:
            try:
                event = next(job)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            if on_event is not None:
                on_event(event)


def map_events(
    job: Generator[Yielded, None, Result], event: Callable[[Yielded], Mapped]
) -> Generator[Mapped, None, Result]:
    """Yield ``event(value)`` for each value that a generator yields; return its result.

    Args:
        job: any generator; it is closed when this one ends or is closed.
        event: called with each value that it yields.
    """
    with contextlib.closing(job):
        while True:
            try:
                value = next(job)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            yield event(value)
