"""Description of the machine that figures were measured on."""

from __future__ import annotations

import platform

import torch

from tests import machine as machine_of


def machine() -> dict[str, object]:
    """Return the names of machine and GPU, the number of cores, and relevant versions."""
    told: dict[str, object] = {
        "machine": machine_of.name(),
        "cores": machine_of.cores(),
        "torch": str(torch.__version__),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
    }
    if torch.cuda.is_available():
        told["gpu"] = torch.cuda.get_device_name()
    return told
