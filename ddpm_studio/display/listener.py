"""Event listener that shows a job's progress and messages on a display."""

from __future__ import annotations

from ddpm_studio.display.displays import Display
from ddpm_studio.jobs.events import Event, Notice, Progress, TrainStep, TrainTick
from ddpm_studio.jobs.time_left import TimeLeft


class DisplayListener:
    """Shows a job's progress and prints its notices; call it with each event.

    Args:
        display: the progress display.
    """

    def __init__(self, display: Display) -> None:
        self._display = display
        self._time_left = TimeLeft()
        self._total = 0
        self._steps = -1
        self._seconds_left = 0.0
        self._note = ""
        self._loss = 0.0

    def __call__(self, event: Event) -> None:
        """Handle one event."""
        match event:
            case Progress(total=total):
                self._total = total
                # A training estimates its time left itself, as it knows which time was not spent
                # on training. Its progress is recognised by its total, the number of steps.
                if total == self._steps:
                    self._display.show(event, self._seconds_left, self._note)
                else:
                    self._display.show(event, self._time_left.update(event), "")
            case TrainStep():
                self._loss = event.loss
            case TrainTick():
                self._steps = self._total
                self._seconds_left = event.seconds_left
                self._note = f"loss {self._loss:.4f} · {event.images_per_second:.3g} pictures/s"
            case Notice(text):
                self._display.write_line(text)
            case _:
                pass
