"""Clock of a job, which stands still while the job is paused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_paused_seconds: ContextVar[float] = ContextVar("paused_seconds", default=0.0)


def job_time() -> float:
    """Return monotonic seconds without those for which the job that is being stepped was paused.

    Only differences within one job mean anything.
    """
    return time.monotonic() - _paused_seconds.get()


@contextmanager
def stepping(paused_seconds: float) -> Iterator[None]:
    """Step a job in the body that has been paused for so many seconds in all (context manager)."""
    token = _paused_seconds.set(paused_seconds)
    try:
        yield
    finally:
        _paused_seconds.reset(token)
