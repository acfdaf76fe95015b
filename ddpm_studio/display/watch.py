"""Watch a job: its events become what a display shows."""

from __future__ import annotations

from ddpm_studio.display.displays import Display
from ddpm_studio.jobs.events import Event, Notice, Progress, TrainStep, TrainTick
from ddpm_studio.jobs.time_left import TimeLeft


class EventWatch:
    """Shows how far a job is, and says what it tells; call it with each event.

    Args:
        display: where to.
    """

    def __init__(self, display: Display) -> None:
        self._display = display
        self._pace = TimeLeft()
        self._total = 0
        self._steps = -1
        self._left = 0.0
        self._note = ""
        self._loss = 0.0

    def __call__(self, event: Event) -> None:
        """Take one event."""
        match event:
            case Progress(total=total):
                self._total = total
                # A training tells its time left itself: it knows what was not training. Whatever
                # it does in between, it counts its steps.
                if total == self._steps:
                    self._display.show(event, self._left, self._note)
                else:
                    self._display.show(event, self._pace.update(event), "")
            case TrainStep():
                self._loss = event.loss
            case TrainTick():
                self._steps = self._total
                self._left = event.seconds_left
                self._note = f"loss {self._loss:.4f} · {event.images_per_second:.3g} pictures/s"
            case Notice(text):
                self._display.say(text)
            case _:
                pass
