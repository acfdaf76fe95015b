"""Tasks about the machine: what computes, and how fast it trains."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.spec import Lane, Task
from ddpm_studio.jobs.events import Event
from ddpm_studio.requests import Device, Precision

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore


def use_device(device: Device, precision: Precision, threads: int | None) -> Task:
    """Decide what ``auto`` means from now on; the result is device and precision in words."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.machine.device import prefer

        yield from ()
        return prefer(device, precision, threads)

    return Task("Choosing the device", work, slot="use device", listed=False)


def measure_speed(image_size: int, channels: int, again: bool = False) -> Task:
    """Time steps of training while nothing else runs; the result is a MachineSpeed."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.machine.speed import measure_speed as measure

        return measure(image_size, channels, again=again)

    return Task("Measuring this machine", work, Lane.IDLE, slot="measure machine")
