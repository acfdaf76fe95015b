"""Cancellable encoders: blocking work in a thread, wrapped as a generator that can be closed.

Pillow encodes all frames of a file in one call, and writes to a pipe block. So the work runs in its
own thread, reports progress to a monitor and checks it for cancellation. The generator yields the
reports, and repeats the latest while there is nothing new.
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

# The longest step of the generator, and so the latency of a cancellation.
_STEP_SECONDS = 0.05
# How long to wait for cancelled work, which may be in the middle of encoding a large frame.
_PATIENCE_SECONDS = 0.1


class Cancelled(BaseException):
    """Raised in the work when its generator was closed; ``except Exception`` doesn't catch it."""


class Monitor:
    """Channel between a worker thread and its generator: progress reports and cancellation.

    Args:
        start: the progress before the first item.
    """

    def __init__(self, start: Progress) -> None:
        self._start = self._latest = start
        self._unread = self._cancelled = self._ended = False
        self._condition = threading.Condition()
        self._commit_lock = threading.Lock()

    def check(self) -> None:
        """Check for cancellation; to be called often by the work.

        Raises:
            Cancelled: if the generator was closed.
        """
        if self._cancelled:
            raise Cancelled

    def report(self, done: int, text: str | None = None) -> None:
        """Report how many items are done; ``text`` names another phase of the work.

        Backpressure: it blocks until the previous report was taken, so that the work stops while
        the generator isn't stepped, as during a pause.

        Raises:
            Cancelled: if the generator was closed.
        """
        with self._condition:
            self._condition.wait_for(lambda: not self._unread or self._cancelled)
            self.check()
            self._latest = replace(self._start, done=done, text=text or self._start.text)
            self._unread = True
            self._condition.notify_all()

    def track(self, items: Collection[_ItemT], text: str | None = None) -> Iterator[_ItemT]:
        """Yield items and report progress: an item is done when the next one is requested.

        Raises:
            Cancelled: if the generator was closed.
        """
        self.report(0, text)
        for done, item in enumerate(items, 1):
            yield item
            self.report(done, text)

    @contextlib.contextmanager
    def critical_section(self) -> Iterator[None]:
        """Context manager of a critical section, such as creating a file.

        A cancellation either waits until its end or prevents it.

        Raises:
            Cancelled: if the generator was closed.
        """
        with self._commit_lock:
            self.check()
            yield

    def next_report(self) -> Progress | None:
        """Wait for a report; on a timeout, return the latest again; None after the last one."""
        with self._condition:
            self._condition.wait_for(lambda: self._unread or self._ended, _STEP_SECONDS)
            if self._ended and not self._unread:
                return None
            self._unread = False
            self._condition.notify_all()
            return self._latest

    def end(self) -> None:
        """Mark the end of the reports."""
        with self._condition:
            self._ended = True
            self._condition.notify_all()

    def cancel(self) -> None:
        """Cancel the work at its next check; no critical section is entered after this returns."""
        with self._commit_lock, self._condition:
            self._cancelled = True
            self._condition.notify_all()


def run_monitored(
    start: Progress,
    work: Callable[[Monitor], _ResultT],
    *,
    interrupt: Callable[[], None] | None = None,
) -> Generator[Progress, None, _ResultT]:
    """Run work in a thread and yield its progress; exceptions of the work propagate.

    The work begins with the first step, and is at most one report ahead of the generator's
    consumer. When closed, or on an error, the generator cancels the work and waits for its end,
    but not long: an encoder can't be stopped within a frame. So the work may write only where
    that does no harm later: in memory, into a file that the generator's owner has opened and
    closes, or within :meth:`Monitor.critical_section`.

    Args:
        start: the progress before the first report.
        work: function that is run in the thread, with a monitor.
        interrupt: called when closing, to unblock the work from what it may be waiting for.

    Returns:
        The result of the work.
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


def encode_image(image: Image.Image, monitor: Monitor, kind: str, **options: Any) -> bytes:
    """Encode an image with Pillow, and return the file's bytes.

    Args:
        image: the image.
        monitor: checked at each write of the encoder.
        kind: the format, such as "PNG".
        options: options of Pillow's ``save``.

    Raises:
        Cancelled: if the generator was closed, even during encoding if it writes in pieces.
    """
    file = _CancellableBytesIO(monitor)
    image.save(file, format=kind, **options)
    return file.getvalue()


class _CancellableBytesIO(io.BytesIO):
    """In-memory file whose ``write`` raises once the work is cancelled."""

    def __init__(self, monitor: Monitor) -> None:
        super().__init__()
        self._monitor = monitor

    def write(self, data: Any, /) -> int:
        self._monitor.check()
        return super().write(data)
