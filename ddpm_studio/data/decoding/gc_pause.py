"""Pause garbage collection while many objects are made that hold no circles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """Collect nothing within the block, which must be short: a list of 50,000 files, say.

    Each file is several objects that stay, and the collector would look at all of them again
    for every few thousand more: a third of the time of listing them.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
