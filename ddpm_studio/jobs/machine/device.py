"""Choice of device and precision, deterministic algorithms, and memory in use."""

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
from ddpm_studio.jobs.machine.threads import choose_threads
from ddpm_studio.requests import Device, Precision

# CUBLAS_WORKSPACE_CONFIG is read at the first matrix product on a GPU and never again: set
# later, deterministic training would be refused after anything was drawn.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


@dataclass(frozen=True)
class _Preference:
    """Device and precision that ``auto`` stands for in this process."""

    device: Device = "auto"
    precision: Precision = "auto"


_preference = _Preference()
# Read before any job sets a number of its own.
_DEFAULT_THREADS = torch.get_num_threads()


def set_preferences(device: Device, precision: Precision, threads: int | None) -> str:
    """Set what ``auto`` stands for from now on, and the number of CPU threads.

    Args:
        device: ``auto`` means the GPU if there is one.
        precision: ``auto`` means bf16 where the device is faster in it.
        threads: None for torch's initial number. Applies to the calling thread alone.

    Returns:
        Device and precision in words, such as "CPU float32".

    Raises:
        StudioError: if the device is not available; nothing is changed.
    """
    global _preference
    chosen = _available(device)
    choose_threads(threads or _DEFAULT_THREADS)
    _preference = _Preference(device, precision)
    return f"{describe(chosen)} {choose_precision('auto', chosen)}"


def choose_device(requested: Device) -> torch.device:
    """Return the device; ``auto`` is that of :func:`set_preferences`, else the GPU if there is one.

    Raises:
        StudioError: if the requested device is not available.
    """
    return _available(_preference.device if requested == "auto" else requested)


def _available(requested: Device) -> torch.device:
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if requested == "auto":
        return torch.device("cuda" if cuda else "mps" if mps else "cpu")
    if (requested == "cuda" and not cuda) or (requested == "mps" and not mps):
        raise StudioError(
            f"There is no {requested} device that torch can use here.",
            "Choose device cpu, or install a build of torch for your GPU.",
        )
    return torch.device(requested)


def make_current(device: torch.device) -> None:
    """Make a numbered CUDA device torch's current one; plain "cuda" is the current one already.

    ``torch.cuda.set_device`` would refuse a device without a number.
    """
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)


@contextlib.contextmanager
def current(device: torch.device) -> Iterator[None]:
    """Make a device torch's current one while the body runs, as :func:`make_current` does.

    Jobs that take turns in one thread don't leave their contexts in reverse order, so one whose
    device is current already must not restore any.
    """
    if device.type != "cuda" or device.index in (None, torch.cuda.current_device()):
        yield
        return
    previous = torch.cuda.current_device()
    torch.cuda.set_device(device)
    try:
        yield
    finally:
        torch.cuda.set_device(previous)


def numbered(device: torch.device) -> torch.device:
    """Return the device with its number: that of the current one for plain "cuda"."""
    return torch.device("cuda", torch.cuda.current_device()) if str(device) == "cuda" else device


def choose_precision(requested: Precision, device: torch.device) -> engine.Precision:
    """Return the precision; ``auto`` is that of :func:`set_preferences`, or bf16 if faster."""
    requested = _preference.precision if requested == "auto" else requested
    if requested != "auto":
        return requested
    return native_precision(device)


@contextlib.contextmanager
def deterministic(enabled: bool, device: torch.device) -> Iterator[None]:
    """Use deterministic algorithms on a GPU while the body runs (context manager).

    Operations without a deterministic algorithm in torch raise a RuntimeError. On the CPU all of
    them are deterministic.
    """
    if not enabled or device.type == "cpu":
        yield
        return
    previous = torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(previous[0])
        torch.backends.cudnn.benchmark = previous[1]


def memory_bytes(device: torch.device) -> int:
    """Bytes of memory allocated on the device, or by this process if the device is the CPU."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    return int(psutil.Process().memory_info().rss)


def describe(device: torch.device, count: int = 1) -> str:
    """Name one or ``count`` devices for a person: "CPU", "2 × CPU" or the GPU's product name."""
    cuda = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if cuda else device.type.upper()
    return name if count == 1 else " × ".join((str(count), name))
