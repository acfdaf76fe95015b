"""Run a job in the terminal with a progress display, until it ends or a signal stops it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TypeVar

from ddpm_studio.cli.signals import StoppedBySignal, catch_signals
from ddpm_studio.display.displays import Display, make_display
from ddpm_studio.display.listener import DisplayListener
from ddpm_studio.engine.generators import finish
from ddpm_studio.jobs.events import Event

ResultT = TypeVar("ResultT")


def run_job(
    job: Generator[Event, None, ResultT],
    on_event: Callable[[Event], None] | None = None,
    display: Display | None = None,
) -> ResultT:
    """Step a job to its end, show its progress and pass on each event.

    Args:
        job: the job's generator; it is always closed before this returns or raises.
        on_event: called with each event.
        display: progress display; None: one on stderr.

    Returns:
        The job's result.

    Raises:
        StoppedBySignal: if a signal asked the program to end; checked after each event.
    """
    display = make_display() if display is None else display
    listener = DisplayListener(display)
    # The job is closed while signals are still caught: a second one ends the process at once.
    with contextlib.closing(display), catch_signals() as received:

        def handle_event(event: Event) -> None:
            listener(event)
            if on_event is not None:
                on_event(event)
            if received.number is not None:
                display.close()
                raise StoppedBySignal(received.number)

        return finish(job, handle_event)
