"""Run a job to its end from Python, with a progress bar and safe interruption by Ctrl-C."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from types import FrameType
from typing import TypeVar

from ddpm_studio.display.displays import BarDisplay, Display
from ddpm_studio.display.listener import DisplayListener
from ddpm_studio.display.notebook import NotebookDisplay, notebook_show
from ddpm_studio.engine.generators import finish
from ddpm_studio.jobs.events import Event
from ddpm_studio.progress import Progress

ResultT = TypeVar("ResultT")


class LogDisplay:
    """Display without progress; messages of a job are warnings of the logger ``ddpm_studio``."""

    def show(self, progress: Progress, seconds_left: float | None, note: str) -> None:
        """Show nothing."""

    def write_line(self, text: str) -> None:
        """Log a warning."""
        logging.getLogger("ddpm_studio").warning(text)

    def close(self) -> None:
        """Do nothing."""


def choose_display(progress: bool) -> Display:
    """Return a progress bar for a notebook or a terminal (on stderr), else :class:`LogDisplay`."""
    if progress and (show := notebook_show()):
        return NotebookDisplay(show)
    # A program without a console, as by pythonw, has no stderr.
    terminal = progress and sys.stderr is not None and sys.stderr.isatty()
    return BarDisplay(sys.stderr) if terminal else LogDisplay()


def run_job(
    job: Generator[Event, None, ResultT],
    progress: bool,
    on_event: Callable[[Event], object] | None = None,
) -> ResultT:
    """Step a job to its end and return its result; Ctrl-C closes it between two events.

    Args:
        job: the job's generator; it is always closed.
        progress: show a progress bar if there is a terminal or a notebook.
        on_event: called with each event.

    Raises:
        KeyboardInterrupt: after Ctrl-C, once the job is closed: a training has saved a checkpoint.
    """
    with contextlib.closing(choose_display(progress)) as display, _defer_interrupt() as interrupted:
        listener = DisplayListener(display)

        def handle_event(event: Event) -> None:
            listener(event)
            if on_event is not None:
                on_event(event)
            if interrupted.is_set():
                raise KeyboardInterrupt

        return finish(job, handle_event)


@contextlib.contextmanager
def _defer_interrupt() -> Iterator[threading.Event]:
    """Defer the first Ctrl-C: set the yielded event instead of raising; a second one raises.

    Nothing changes outside the main thread, or where SIGINT has a handler other than Python's
    default.
    """
    interrupted = threading.Event()
    default_handler = signal.getsignal(signal.SIGINT)
    if (
        threading.current_thread() is not threading.main_thread()
        or default_handler is not signal.default_int_handler
    ):
        yield interrupted
        return

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, default_handler)

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, default_handler)
