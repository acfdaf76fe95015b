"""A job within a job: its events go on, its progress is counted as a part of the whole."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TypeVar

from ddpm_studio.jobs.events import Event, Progress

Result = TypeVar("Result")


def relay(
    job: Generator[Event, None, Result], count: Callable[[Progress], Progress]
) -> Generator[Event, None, Result]:
    """Yield what ``job`` yields, each Progress as ``count`` makes it; returns its result."""
    with contextlib.closing(job):
        while True:
            try:
                event = next(job)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            yield count(event) if isinstance(event, Progress) else event
