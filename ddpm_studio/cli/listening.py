"""Listen to a job until it ends or a signal asks it to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TypeVar

from ddpm_studio.cli.display import Display, make_display
from ddpm_studio.cli.stopping import Stopped, noted_signals
from ddpm_studio.cli.words import TimeLeft
from ddpm_studio.jobs.events import Event, Notice, Progress, TrainStep, TrainTick

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
    watch = _Watch(display)
    with contextlib.closing(job), contextlib.closing(display), noted_signals() as asked:
        while True:
            try:
                event = next(job)
            except StopIteration as end:
                result: ResultT = end.value
                return result
            watch(event)
            if on_event is not None:
                on_event(event)
            if asked.number is not None:
                # Here, not on the way out: a second signal still ends the process at once.
                display.close()
                job.close()
                raise Stopped(asked.number)


class _Watch:
    """Turns events into what the display shows."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._pace = TimeLeft()
        self._tick: TrainTick | None = None
        self._loss = ""

    def __call__(self, event: Event) -> None:
        match event:
            case Progress(done, total, text):
                left = self._pace(done, total, text)
                note = ""
                if self._tick is not None:
                    left = self._tick.seconds_left
                    note = f"{self._loss} · {self._tick.images_per_second:.3g} pictures/s"
                self._display.show(done, total, text, left, note)
            case TrainStep():
                self._loss = f"loss {event.loss:.4f}"
            case TrainTick():
                self._tick = event
            case Notice(text):
                self._display.say(text)
            case _:
                pass
