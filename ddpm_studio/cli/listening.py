"""Listen to a job until it ends or a signal asks it to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TypeVar

from ddpm_studio.cli.stopping import Stopped, noted_signals
from ddpm_studio.display.displays import Display, make_display
from ddpm_studio.generators import finish
from ddpm_studio.jobs.events import Event, Notice, Progress, TrainStep, TrainTick
from ddpm_studio.jobs.time_left import TimeLeft

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


class _Watch:
    """Turns events into what the display shows."""

    def __init__(self, display: Display) -> None:
        self._display = display
        self._pace = TimeLeft()
        self._phase = ""
        self._training = ""
        self._left = 0.0
        self._note = ""
        self._loss = 0.0

    def __call__(self, event: Event) -> None:
        match event:
            case Progress(text=text):
                self._phase = text
                # A training tells its time left itself: it knows what was not training.
                if text == self._training:
                    self._display.show(event, self._left, self._note)
                else:
                    self._display.show(event, self._pace.update(event), "")
            case TrainStep():
                self._loss = event.loss
            case TrainTick():
                self._training = self._phase
                self._left = event.seconds_left
                self._note = f"loss {self._loss:.4f} · {event.images_per_second:.3g} pictures/s"
            case Notice(text):
                self._display.say(text)
            case _:
                pass
