"""Sub-jobs: generators whose events are passed on, with progress counted as part of a whole."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from functools import partial
from typing import TypeVar

from ddpm_studio.engine.generators import map_events
from ddpm_studio.jobs.events import Event, FrameImages, Progress

Result = TypeVar("Result")


def map_progress(
    job: Generator[Event, None, Result], transform: Callable[[Progress], Progress]
) -> Generator[Event, None, Result]:
    """Yield the events of ``job``, each Progress replaced by ``transform`` of it."""
    return map_events(job, lambda event: transform(event) if isinstance(event, Progress) else event)


def collect_frames(
    job: Generator[Event, None, Result],
) -> Generator[Event, None, tuple[Result, list[FrameImages]]]:
    """Collect the frames that a drawing yields and pass on its other events.

    Returns:
        The drawing's result, and its frames.
    """
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


def run_sequentially(
    jobs: Sequence[tuple[int, Generator[Event, None, Result]]],
) -> Generator[Event, None, list[Result]]:
    """Run jobs one after the other, with their progress scaled to the whole.

    Args:
        jobs: pairs of a job's cost, in a unit that all have in common, and the job.

    Returns:
        The results of the jobs.
    """
    total = sum(cost for cost, _ in jobs)
    done = 0
    results: list[Result] = []
    for cost, job in jobs:
        results.append((yield from map_progress(job, partial(_scaled, done, cost, total))))
        done += cost
    return results


def _scaled(done: int, cost: int, total: int, progress: Progress) -> Progress:
    return Progress(done + cost * progress.done // progress.total, total, progress.text, "")
