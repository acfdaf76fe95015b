"""Sub-jobs: their events go on, their progress is counted as parts of the whole."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import TypeVar

from ddpm_studio.engine.generators import mapped
from ddpm_studio.jobs.events import Event, FrameImages, Progress

Result = TypeVar("Result")


def relay(
    job: Generator[Event, None, Result], count: Callable[[Progress], Progress]
) -> Generator[Event, None, Result]:
    """Yield what ``job`` yields, each Progress as ``count`` makes it; returns its result."""
    return mapped(job, lambda event: count(event) if isinstance(event, Progress) else event)


def collect_frames(
    job: Generator[Event, None, Result],
) -> Generator[Event, None, tuple[Result, list[FrameImages]]]:
    """Keep the moments that a drawing yields, and yield the rest; returns its result and them."""
    frames: list[FrameImages] = []
    with contextlib.closing(job):
        while True:
            try:
                event = next(job)
            except StopIteration as stop:
                return stop.value, frames
            if isinstance(event, FrameImages):
                frames.append(event)
            else:
                yield event


def in_turn(
    jobs: Sequence[tuple[int, Generator[Event, None, Result]]],
) -> Generator[Event, None, list[Result]]:
    """Run jobs one after the other.

    Args:
        jobs: each with what it takes, in a unit that all have in common.

    Returns:
        Their results.
    """
    total = sum(cost for cost, _ in jobs)
    passed = 0
    finished: list[Result] = []
    for cost, job in jobs:
        finished.append((yield from relay(job, partial(_scaled, passed, cost, total))))
        passed += cost
    return finished


def _scaled(passed: int, cost: int, total: int, own: Progress) -> Progress:
    return Progress(passed + cost * own.done // own.total, total, own.text, "")
