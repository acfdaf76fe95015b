"""Run folders on the disk: written whole or not at all, safetensors and JSON alone.

The names are loaded at first use, so that notes can be read without torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ddpm_studio.lazy import loader

if TYPE_CHECKING:
    from ddpm_studio.runs.checkpoint import Checkpoint
    from ddpm_studio.runs.folder import RunFolder
    from ddpm_studio.runs.info import DataInfo, ProcessInfo, RunInfo
    from ddpm_studio.runs.lock import RunLock

_MODULES = {
    "Checkpoint": "checkpoint",
    "DataInfo": "info",
    "ProcessInfo": "info",
    "RunFolder": "folder",
    "RunInfo": "info",
    "RunLock": "lock",
}

__all__ = ["Checkpoint", "DataInfo", "ProcessInfo", "RunFolder", "RunInfo", "RunLock"]

__getattr__ = loader(__name__, _MODULES)
