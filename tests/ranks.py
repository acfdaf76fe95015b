"""Process group of several ranks on the CPU, forked from the test, which has loaded torch."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")

_PATIENCE = timedelta(seconds=60)


def on_ranks(size: int, function: Callable[[], Any], folder: Path) -> list[Any]:
    """Call a function on every rank of a gloo process group; return the results in order of rank.

    Raises:
        AssertionError: if a rank fails, with its traceback.
    """
    folder.mkdir(parents=True, exist_ok=True)
    children = []
    for rank in range(size):
        child = os.fork()
        if child == 0:
            os._exit(_rank(rank, size, function, folder))
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    told = "".join(file.read_text() for file in folder.glob("error-*"))
    assert codes == [0] * size, told
    return [torch.load(folder / f"result-{rank}", weights_only=False) for rank in range(size)]


def _rank(rank: int, size: int, function: Callable[[], Any], folder: Path) -> int:
    try:
        torch.set_num_threads(1)
        store = dist.FileStore(str(folder / "store"), size)  # type: ignore[attr-defined]
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        dist.init_process_group("gloo", None, _PATIENCE, size, rank, store)
        torch.save(function(), folder / f"result-{rank}")
        dist.destroy_process_group()
    except BaseException:  # the child must never return into the test's code
        (folder / f"error-{rank}").write_text(traceback.format_exc())
        return 1
    return 0
