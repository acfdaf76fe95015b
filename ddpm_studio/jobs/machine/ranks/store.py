"""Key-value store of ``torch.distributed`` (TCPStore) that all ranks share."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import torch.distributed as dist

from ddpm_studio.errors import StudioError

if TYPE_CHECKING:
    # Builds of torch without torch.distributed lack these names.
    from torch._C._distributed_c10d import Store, TCPStore

# A store refuses values of more than 8 MiB.
_PART_BYTES = 4 * 2**20


def open_store(address: str, port: int, hosts: bool, timeout: timedelta) -> TCPStore:
    """Host a TCPStore or connect to one; port 0 hosts it at any free port.

    Raises:
        StudioError: if this build of torch has no torch.distributed, the port is taken, or no host
            answers.
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
        task = "listen" if hosts else "reach rank 0"
        raise StudioError(
            f"This rank can't {task} at port {port} of {address}.",
            "Start the ranks with another port, and see that their machines reach each other.",
            str(error),
        ) from error
    return store


def put(store: Store, key: str, content: bytes) -> None:
    """Store bytes of any length under a key, in parts; see :func:`read`."""
    starts = range(0, len(content), _PART_BYTES)
    for part, start in enumerate(starts):
        store.set(f"{key}/{part}", content[start : start + _PART_BYTES])  # type: ignore[arg-type]
    # Written last: where this key exists, all parts do.
    store.set(key, str(len(starts)))


def read(store: Store, key: str) -> bytes:
    """Return the bytes stored by :func:`put`, once their key exists."""
    return b"".join(store.get(f"{key}/{part}") for part in range(int(store.get(key))))


def pop(store: Store, key: str) -> bytes:
    """Return the bytes stored by :func:`put`, and delete them."""
    content = read(store, key)
    for part in range(int(store.get(key))):
        store.delete_key(f"{key}/{part}")
    store.delete_key(key)
    return content


def prefix_store(store: Store, name: str) -> Store:
    """Return a namespace of a store (PrefixStore), whose keys collide with no others."""
    prefixed: Store = dist.PrefixStore(name, store)  # type: ignore[attr-defined]
    return prefixed


def wait_for(store: Store, key: str, check: Callable[[], None]) -> bytes:
    """Wait until a key is in the store; return its value.

    Args:
        store: the store of all ranks.
        key: the key to wait for.
        check: called at each poll; raises if waiting has become useless.
    """
    while not store.check([key]):
        check()
        time.sleep(0.05)
    return bytes(store.get(key))
