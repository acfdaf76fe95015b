"""Model cache, one per thread, so that repeated calls load weights only once."""

from __future__ import annotations

import threading

from ddpm_studio.jobs import ModelStore


class _Stores(threading.local):
    """Thread-local model store, created at a thread's first call: a store belongs to one thread."""

    def __init__(self) -> None:
        self.store = ModelStore()


_STORES = _Stores()


def models() -> ModelStore:
    """Return this thread's model store."""
    return _STORES.store
