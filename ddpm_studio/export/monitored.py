"""Cancellable encoders: work that can't be left half-way, as a generator that can be closed.

Pillow takes all frames of a file in one call, a pipe takes bytes when its reader likes to: the
work runs in a thread of its own, reports how far it is and asks whether to go on. The generator
yields what is reported, and something now and then while there is nothing new.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import io
import threading
from collections.abc import Callable, Collection, Generator, Iterator
from dataclasses import replace
from typing import Any, TypeVar

from PIL import Image

from ddpm_studio.progress import Progress

_ItemT = TypeVar("_ItemT")
_ResultT = TypeVar("_ResultT")

# The longest step, and so the longest time until a cancel is heard.
_STEP_SECONDS = 0.05
# How long cancelled work is waited for: an encoder may be in the midst of a large frame.
_PATIENCE_SECONDS = 0.1


class Cancelled(BaseException):
    """Raised within the work when its generator was closed; no handler of errors stops it."""


class Monitor:
    """What work reports its progress to, and where it learns that it is cancelled.

    Args:
        start: what the work reports, before its first item.
    """

    def __init__(self, start: Progress) -> None:
        self._start = self._latest = start
        self._unread = self._cancelled = self._ended = False
        self._changed = threading.Condition()
        self._committing = threading.Lock()

    def check(self) -> None:
        """Go on, or not: to be called often.

        Raises:
            Cancelled: if the generator was closed.
        """
        if self._cancelled:
            raise Cancelled

    def report(self, done: int, text: str | None = None) -> None:
        """Tell how many items are done; another text begins another phase.

        Waits until the report before was taken: while nobody steps the generator, as during a
        pause, the work stands still.

        Raises:
            Cancelled: if the generator was closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._unread or self._cancelled)
            self.check()
            self._latest = replace(self._start, done=done, text=text or self._start.text)
            self._unread = True
            self._changed.notify_all()

    def counted(self, items: Collection[_ItemT], text: str | None = None) -> Iterator[_ItemT]:
        """Give items one after the other; each is done when the next one is asked for.

        Raises:
            Cancelled: if the generator was closed.
        """
        self.report(0, text)
        for done, item in enumerate(items, 1):
            yield item
            self.report(done, text)

    @contextlib.contextmanager
    def committed(self) -> Iterator[None]:
        """Do something that a cancel either waits for or prevents, such as making a file.

        Raises:
            Cancelled: if the generator was closed.
        """
        with self._committing:
            self.check()
            yield

    def next_report(self) -> Progress | None:
        """Wait for a report; the latest again if there is none for a while, None after the last."""
        with self._changed:
            self._changed.wait_for(lambda: self._unread or self._ended, _STEP_SECONDS)
            if self._ended and not self._unread:
                return None
            self._unread = False
            self._changed.notify_all()
            return self._latest

    def end(self) -> None:
        """Tell that no report follows."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def cancel(self) -> None:
        """Let the work end at its next question; afterwards it commits nothing more."""
        with self._committing, self._changed:
            self._cancelled = True
            self._changed.notify_all()


def monitored(
    start: Progress,
    work: Callable[[Monitor], _ResultT],
    *,
    interrupt: Callable[[], None] | None = None,
) -> Generator[Progress, None, _ResultT]:
    """Run work in a thread and yield its progress; what it raises is raised here.

    The work begins with the first step, and is at most one report ahead of whoever steps the
    generator. Closed, or left by an error, the generator cancels the work and waits for its end,
    but not long: an encoder can't be stopped within a frame. So the work may write only where
    that does no harm later: in memory, into a file that the generator's owner has opened and
    closes, or within :meth:`Monitor.committed`.

    Args:
        start: before the work reports anything.
        work: gets a monitor; only this runs in the thread.
        interrupt: called first on closing, to end what the work itself may be waiting for.

    Returns:
        What the work returns.
    """
    monitor = Monitor(start)
    executor = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="export")
    future = executor.submit(work, monitor)
    future.add_done_callback(lambda _: monitor.end())
    try:
        while (report := monitor.next_report()) is not None:
            yield report
    finally:
        monitor.cancel()
        if interrupt is not None and not future.done():
            interrupt()
        concurrent.futures.wait([future], _PATIENCE_SECONDS)
        executor.shutdown(wait=False)
    return future.result()


def encoded(image: Image.Image, monitor: Monitor, kind: str, **options: Any) -> bytes:
    """Return an image as the bytes of a file, as Pillow writes it.

    Raises:
        Cancelled: if the generator was closed, also in the midst of it where the encoder writes
            piece by piece.
    """
    file = _Checked(monitor)
    image.save(file, format=kind, **options)
    return file.getvalue()


class _Checked(io.BytesIO):
    """Memory that takes nothing more once the work is cancelled."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__()
        self._monitor = monitor

    def write(self, data: Any, /) -> int:
        self._monitor.check()
        return super().write(data)
