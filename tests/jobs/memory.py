"""Emulated out-of-memory errors: the n-th tensor operation fails like an allocation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

# Errors of torch when the memory of a GPU, or that of the computer, is exhausted.
KINDS: dict[str, Callable[[], RuntimeError]] = {
    "device": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    "computer": lambda: RuntimeError(
        "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate "
        "memory: you tried to allocate 274877906944 bytes. Error code 12"
    ),
}


class FailingAllocation(TorchDispatchMode):
    """Dispatch mode that counts tensor operations, backward pass included, and fails one of them.

    Args:
        at: number of the operation that fails, from 1; 0 for none.
        kind: key of :data:`KINDS`, the memory that is exhausted.
    """

    def __init__(self, at: int = 0, kind: str = "device") -> None:
        super().__init__()
        self.count = 0
        self.failed = ""
        self._at, self._kind = at, kind

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        self.count += 1
        if self.count == self._at:
            self.failed = str(func)
            raise KINDS[self._kind]()
        return func(*args, **(kwargs or {}))
