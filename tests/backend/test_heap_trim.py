"""Heap trimming: freed memory is returned to the operating system."""

from __future__ import annotations

import ctypes

import psutil
import pytest

from ddpm_studio.backend.heap_trim import trim_heap

_BLOCK, _BLOCKS = 64 << 10, 2000


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="not glibc")
def test_gaps_below_what_is_still_used_go_back() -> None:
    process = psutil.Process()
    blocks = [bytes([1]) * _BLOCK for _ in range(_BLOCKS)]
    above = bytes([2]) * _BLOCK
    del blocks
    held = process.memory_info().rss
    trim_heap()
    assert held - process.memory_info().rss > _BLOCK * _BLOCKS // 2
    assert above[0] == 2
