"""Pause garbage collection while many objects without reference cycles are created."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_gc() -> Iterator[None]:
    """Context manager that disables the cyclic garbage collector, for short blocks only.

    When 50,000 files are listed, each is several objects that stay alive, and the collector would
    scan all of them again for every few thousand more: a third of the time of the listing.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
