"""Processor name and core count of the machine that runs the tests and measurements."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def name() -> str:
    """Return the processor's model name, or its architecture if the system reports no name."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
