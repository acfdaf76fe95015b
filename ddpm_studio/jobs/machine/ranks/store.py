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


def open_store(address: str, port: int, hosts: bool, timeout: timedelta) -> TCPStore:
    """Return a store at a host's port; port 0 of one that this process hosts is any free one.

    Raises:
        StudioError: if this build of torch has none.
    """
    if not dist.is_available():
        raise StudioError(
            "This build of torch can't train on several devices.",
            "Install another build, or train on one device.",
        )
    store: TCPStore = dist.TCPStore(  # type: ignore[attr-defined]
        address, port, is_master=hosts, wait_for_workers=False, timeout=timeout
    )
    return store


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
