"""The store of ``torch.distributed`` that all ranks share: keys and bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import torch.distributed as dist

from ddpm_studio.errors import StudioError

if TYPE_CHECKING:
    # Builds of torch without it have no such names.
    from torch._C._distributed_c10d import Store, TCPStore

# A store refuses values of more than 8 MiB.
_PART_BYTES = 4 * 2**20


def open_store(address: str, port: int, hosts: bool, timeout: timedelta) -> TCPStore:
    """Return a store at a host's port; port 0 of one that this process hosts is any free one.

    Raises:
        StudioError: if this build of torch has none, the port is taken, or nobody answers there.
    """
    if not dist.is_available():
        raise StudioError(
            "This build of torch can't train on several devices.",
            "Install another build, or train on one device.",
        )
    try:
        store: TCPStore = dist.TCPStore(  # type: ignore[attr-defined]
            address, port, is_master=hosts, wait_for_workers=False, timeout=timeout
        )
    except RuntimeError as error:
        does = "listen" if hosts else "reach rank 0"
        raise StudioError(
            f"This rank can't {does} at port {port} of {address}.",
            "Start the ranks with another port, and see that their machines reach each other.",
            str(error),
        ) from error
    return store


def put(store: Store, key: str, content: bytes) -> None:
    """Keep bytes of any length under a key; see :func:`read`."""
    starts = range(0, len(content), _PART_BYTES)
    for part, start in enumerate(starts):
        store.set(f"{key}/{part}", content[start : start + _PART_BYTES])  # type: ignore[arg-type]
    # Last, so that where it is there, all is.
    store.set(key, str(len(starts)))


def read(store: Store, key: str) -> bytes:
    """Return what :func:`put` has kept, once its key is there."""
    return b"".join(store.get(f"{key}/{part}") for part in range(int(store.get(key))))


def take(store: Store, key: str) -> bytes:
    """Return what :func:`put` has kept, and keep it no longer."""
    content = read(store, key)
    for part in range(int(store.get(key))):
        store.delete_key(f"{key}/{part}")
    store.delete_key(key)
    return content


def part_of(store: Store, name: str) -> Store:
    """Return a store within a store, whose keys meet no others."""
    part: Store = dist.PrefixStore(name, store)  # type: ignore[attr-defined]
    return part


def wait_for(store: Store, key: str, check: Callable[[], None]) -> bytes:
    """Wait until a key is in the store; return its value.

    Args:
        store: of all ranks.
        key: what is waited for.
        check: called now and then: raises where waiting is of no use any more.
    """
    while not store.check([key]):
        check()
        time.sleep(0.05)
    return bytes(store.get(key))
