"""Memory that was freed goes back to the system, again and again.

The C library keeps freed memory that lies below some that is still in use. Drawings and training
steps of many sizes leave such gaps, and a window that lives for days would only ever grow.
"""

from __future__ import annotations

import ctypes
import sys
import time

# Some 20 ms each time.
_EVERY_SECONDS = 15.0


def give_back() -> None:
    """Return what is free to the system, where the C library can (glibc)."""
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class GivingBack:
    """Does it again and again, in whatever thread asks."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _EVERY_SECONDS

    def when_due(self) -> None:
        """Do it if the last time is long enough ago."""
        now = time.monotonic()
        if now >= self._next:
            give_back()
            self._next = now + _EVERY_SECONDS
