"""Progress of a job in the terminal, until it ends or a signal asks it to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TypeVar

from ddpm_studio.cli.stopping import Stopped, noted_signals
from ddpm_studio.display.displays import Display, make_display
from ddpm_studio.display.watch import EventWatch
from ddpm_studio.engine.generators import finish
from ddpm_studio.jobs.events import Event

ResultT = TypeVar("ResultT")


def listen(
    job: Generator[Event, None, ResultT],
    on_event: Callable[[Event], None] | None = None,
    display: Display | None = None,
) -> ResultT:
    """Step a job to its end, show how far it is and hand each event on.

    Args:
        job: closed in any case before this returns or raises.
        on_event: called with each event.
        display: where progress is shown; None: stderr.

    Returns:
        What the job returns.

    Raises:
        Stopped: if a signal asked for it between two events.
    """
    display = make_display() if display is None else display
    watch = EventWatch(display)
    # The job is closed while signals are still noted: a second one ends the process at once.
    with contextlib.closing(display), noted_signals() as asked:

        def take(event: Event) -> None:
            watch(event)
            if on_event is not None:
                on_event(event)
            if asked.number is not None:
                display.close()
                raise Stopped(asked.number)

        return finish(job, take)
