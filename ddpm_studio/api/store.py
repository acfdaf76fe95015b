"""Model cache: one store for all calls, so that weights are read once."""

from __future__ import annotations

import threading

from ddpm_studio.jobs import ModelStore


class _Stores(threading.local):
    """A store belongs to one thread: each thread that draws gets its own, at its first call."""

    def __init__(self) -> None:
        self.store = ModelStore()


_STORES = _Stores()


def models() -> ModelStore:
    """Return this thread's store."""
    return _STORES.store
