"""Heap trimming: memory that was freed goes back to the system, again and again.

The C library keeps freed memory that lies below some that is still in use. Drawings and training
steps of many sizes leave such gaps, and a window that lives for days would only ever grow; it
would do so in each of the heaps that the C library gives to threads in turn.
"""

from __future__ import annotations

import ctypes
import sys
import time

# Some 20 ms each time.
_EVERY_SECONDS = 15.0

# From malloc.h of glibc.
_M_ARENA_MAX = -8
# The window's and the worker's.
_HEAPS = 2


def few_heaps() -> None:
    """Let threads share heaps, of which the C library (glibc) makes eight a core by itself."""
    if sys.platform == "linux":
        adjust = getattr(ctypes.CDLL(None), "mallopt", None)
        if adjust is not None:
            adjust(_M_ARENA_MAX, _HEAPS)


def trim_heap() -> None:
    """Return what is free to the system, where the C library can (glibc)."""
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class HeapTrim:
    """Trims the heap again and again, in whatever thread asks, from few heaps."""

    def __init__(self) -> None:
        few_heaps()
        self._next = time.monotonic() + _EVERY_SECONDS

    def when_due(self) -> None:
        """Trim if the last time is long enough ago."""
        now = time.monotonic()
        if now >= self._next:
            trim_heap()
            self._next = now + _EVERY_SECONDS
