"""Which device and precision to use, and how much memory is taken."""

from __future__ import annotations

from typing import Literal

import psutil
import torch

from ddpm_studio.errors import StudioError
from ddpm_studio.requests import Device, Precision


def choose_device(asked: Device) -> torch.device:
    """Return the device; ``auto`` is the GPU if there is one.

    Raises:
        StudioError: if the asked device is not there.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if asked == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    if (asked == "cuda" and not cuda) or (asked == "mps" and not mps):
        raise StudioError(
            f"There is no {asked} device that torch can use here.",
            "Choose device cpu, or install a build of torch for your GPU.",
        )
    return torch.device(asked)


def choose_precision(asked: Precision, device: torch.device) -> Literal["float32", "bf16"]:
    """Return the precision; ``auto`` is bf16 where the device computes it natively."""
    if asked != "auto":
        return asked
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    if device.type == "cpu":
        return "bf16" if torch.cpu._is_amx_tile_supported() else "float32"
    return "float32"


def memory_bytes(device: torch.device) -> int:
    """Memory taken on the device, or by this process where the device is the CPU."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    return int(psutil.Process().memory_info().rss)


def describe(device: torch.device) -> str:
    """Name of the device for a person: "CPU" or the GPU's own name."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return device.type.upper()
