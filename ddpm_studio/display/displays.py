"""Progress displays: a progress bar for a terminal, throttled lines for a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol, TextIO

from ddpm_studio.durations import format_duration
from ddpm_studio.progress import Progress

_SECONDS_BETWEEN_LINES = 10.0
_MIN_SECONDS_BETWEEN_LINES = 1.0
_MAX_LINES = 10
# In a narrower terminal the note would truncate the progress itself.
_MIN_WIDTH_FOR_NOTE = 80


class Display(Protocol):
    """Interface of progress displays."""

    def show(self, progress: Progress, seconds_left: float | None, note: str) -> None:
        """Show the progress, the estimated seconds left, and a note such as the loss."""

    def write_line(self, text: str) -> None:
        """Print a permanent line."""

    def close(self) -> None:
        """Remove the progress; printed lines stay."""


def make_display(stream: TextIO | None = None) -> Display:
    """Return a progress bar if the stream is a terminal, else plain lines; None: stderr."""
    stream = sys.stderr if stream is None else stream
    return BarDisplay(stream) if stream.isatty() else LineDisplay(stream)


class LineDisplay:
    """Plain lines: at the first progress, then at each tenth or every ten seconds.

    Args:
        stream: output stream.
        clock: monotonic clock, in seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        # By phase, as a training alternates with drawing samples.
        self._first: dict[str, int] = {}
        self._last: dict[str, tuple[float, int]] = {}

    def show(self, progress: Progress, seconds_left: float | None, note: str) -> None:
        """Write a line if one is due."""
        done, total, text = progress.done, progress.total, progress.text
        if done <= self._first.setdefault(text, done) and seconds_left is None:
            return
        now = self._clock()
        last = self._last.get(text)
        if last is not None and done >= last[1]:
            elapsed, steps = now - last[0], done - last[1]
            advanced = elapsed >= _MIN_SECONDS_BETWEEN_LINES and steps * _MAX_LINES >= total
            if not advanced and elapsed < _SECONDS_BETWEEN_LINES:
                return
        self._last[text] = (now, done)
        self.write_line(progress_line(progress, seconds_left, note))

    def write_line(self, text: str) -> None:
        """Write a line."""
        print(text, file=self._stream, flush=True)

    def close(self) -> None:
        """Do nothing."""


class BarDisplay:
    """Progress bar on one line of a terminal.

    Args:
        stream: a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        self._console = Console(file=stream, highlight=False)
        self._bar = Bar(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[counted]}"),
            TextColumn("{task.fields[note]}", markup=False),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            refresh_per_second=5,
            transient=True,
        )
        self._task = self._bar.add_task("", total=1, visible=False, counted="", note="", left="")
        self._bar.start()

    def show(self, progress: Progress, seconds_left: float | None, note: str) -> None:
        """Update the bar."""
        self._bar.update(
            self._task,
            description=progress.text,
            completed=progress.done,
            total=progress.total,
            visible=True,
            counted=_format_progress(progress),
            note=note if self._console.width >= _MIN_WIDTH_FOR_NOTE else "",
            left=_format_time_left(seconds_left, progress),
        )

    def write_line(self, text: str) -> None:
        """Write a line above the bar."""
        self._console.print(text, markup=False, soft_wrap=True)

    def close(self) -> None:
        """Remove the bar and show the cursor again."""
        self._bar.stop()


def progress_line(progress: Progress, seconds_left: float | None, note: str) -> str:
    """Format progress as "Sampling: 3 of 10 steps · note · 12 min left", without unknown parts."""
    counted = _format_progress(progress)
    prefix = f"{progress.text}: {counted}" if counted else progress.text
    return " · ".join(
        part for part in (prefix, note, _format_time_left(seconds_left, progress)) if part
    )


def _format_progress(progress: Progress) -> str:
    """Format counts as "3 of 10 steps", or as a percentage if the progress has no unit."""
    done, total = progress.done, progress.total
    if total <= 1:
        return ""
    if not progress.unit:
        return f"{100 * done / total:.0f} %"
    return f"{done:,} of {total:,} {progress.unit}"


def _format_time_left(seconds: float | None, progress: Progress) -> str:
    finished = progress.done >= progress.total
    return "" if seconds is None or finished else f"{format_duration(seconds)} left"
