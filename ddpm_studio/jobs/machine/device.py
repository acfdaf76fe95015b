"""Device and precision to use, and how much memory is taken."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import torch

from ddpm_studio import engine
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.machine.precision import native_precision
from ddpm_studio.requests import Device, Precision

# Torch reads it at the first product on a GPU and never again: where something was drawn before,
# a deterministic training would be refused.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


@dataclass(frozen=True)
class _Preference:
    """What ``auto`` means in this process."""

    device: Device = "auto"
    precision: Precision = "auto"


_preference = _Preference()
_first_threads: int | None = None


def prefer(device: Device, precision: Precision, threads: int | None) -> str:
    """Decide what ``auto`` means from now on, and how many threads of the CPU compute.

    Args:
        device: ``auto``: the GPU if there is one.
        precision: ``auto``: bf16 where the device is faster in it.
        threads: None: as many as torch chose at first. It counts for the calling thread alone.

    Returns:
        Device and precision in words, such as "CPU float32".

    Raises:
        StudioError: if the device is not there; nothing is changed.
    """
    global _preference, _first_threads
    chosen = _available(device)
    if _first_threads is None:
        _first_threads = torch.get_num_threads()
    torch.set_num_threads(threads or _first_threads)
    _preference = _Preference(device, precision)
    return f"{describe(chosen)} {choose_precision('auto', chosen)}"


def choose_device(asked: Device) -> torch.device:
    """Return the device; ``auto`` is what :func:`prefer` says, or the GPU if there is one.

    Raises:
        StudioError: if the asked device is not there.
    """
    return _available(_preference.device if asked == "auto" else asked)


def _available(asked: Device) -> torch.device:
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if asked == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    if (asked == "cuda" and not cuda) or (asked == "mps" and not mps):
        raise StudioError(
            f"There is no {asked} device that torch can use here.",
            "Choose device cpu, or install a build of torch for your GPU.",
        )
    return torch.device(asked)


def make_current(device: torch.device) -> None:
    """Let CUDA's calls that name no device mean this one; "cuda" alone is the current one already.

    Torch refuses to be told of that: ``torch.cuda.set_device`` needs a number.
    """
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)


def choose_precision(asked: Precision, device: torch.device) -> engine.Precision:
    """Return the precision; ``auto`` is what :func:`prefer` says, or bf16 where that is faster."""
    asked = _preference.precision if asked == "auto" else asked
    if asked != "auto":
        return asked
    return native_precision(device)


@contextlib.contextmanager
def deterministic(wanted: bool, device: torch.device) -> Iterator[None]:
    """Let a GPU add up in the same order each time, while the body runs.

    Operations for which torch has no such order raise a RuntimeError. On the CPU all have one.
    """
    if not wanted or device.type == "cpu":
        yield
        return
    before = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0])
        torch.backends.cudnn.benchmark = before[1]


def memory_bytes(device: torch.device) -> int:
    """Memory taken on the device, or by this process where the device is the CPU."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    return int(psutil.Process().memory_info().rss)


def describe(device: torch.device, count: int = 1) -> str:
    """Name of one or several such devices for a person: "CPU", "2 × CPU" or the GPU's own name."""
    cuda = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if cuda else device.type.upper()
    return name if count == 1 else " × ".join((str(count), name))
