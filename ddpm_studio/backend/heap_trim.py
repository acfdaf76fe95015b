"""Heap trimming: returns freed memory to the operating system, periodically (``malloc_trim``).

The C library keeps freed memory below blocks that are still in use. Drawings and training steps of
many sizes fragment the heap so, and a process that runs for days would only ever grow, in each of
the heaps (arenas) that the C library gives to threads.
"""

from __future__ import annotations

import ctypes
import sys
import time

# Trimming takes some 20 ms.
_EVERY_SECONDS = 15.0

# From malloc.h of glibc.
_M_ARENA_MAX = -8
# One for the window and one for the workers.
_MAX_ARENAS = 2


def limit_malloc_arenas() -> None:
    """Limit the number of malloc arenas, of which glibc makes eight per core by default."""
    if sys.platform == "linux":
        adjust = getattr(ctypes.CDLL(None), "mallopt", None)
        if adjust is not None:
            adjust(_M_ARENA_MAX, _MAX_ARENAS)


def trim_heap() -> None:
    """Return free heap memory to the system, by ``malloc_trim`` of glibc; elsewhere do nothing."""
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class HeapTrim:
    """Trims the heap periodically, in the calling thread, after limiting the number of arenas."""

    def __init__(self) -> None:
        limit_malloc_arenas()
        self._next = time.monotonic() + _EVERY_SECONDS

    def trim_if_due(self) -> None:
        """Trim the heap if the last trim is at least 15 s ago."""
        now = time.monotonic()
        if now >= self._next:
            trim_heap()
            self._next = now + _EVERY_SECONDS
