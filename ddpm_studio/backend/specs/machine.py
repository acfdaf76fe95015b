"""Jobs about the machine: choice of device, number of GPUs, training speed."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from ddpm_studio.backend.spec import DeviceCall, DeviceSteps, JobSpec, Lane
from ddpm_studio.jobs.events import Event
from ddpm_studio.picture_shape import ImageSize
from ddpm_studio.requests import Device, Precision

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore
    from ddpm_studio.jobs.machine.machine_speed import MachineSpeed


def use_device(device: Device, precision: Precision, threads: int | None) -> JobSpec[str]:
    """Set what ``auto`` means from now on; the result is device and precision in words."""

    def work(_: ModelStore) -> str:
        from ddpm_studio.jobs.machine.device import set_preferences

        return set_preferences(device, precision, threads)

    return JobSpec("Choosing the device", DeviceCall(work), slot="use device", listed=False)


def count_gpus() -> JobSpec[int]:
    """Count the CUDA devices that torch can use."""

    def work(_: ModelStore) -> int:
        import torch

        return torch.cuda.device_count()

    return JobSpec("Counting the GPUs", DeviceCall(work), listed=False)


def measure_speed(
    image_size: ImageSize, channels: int, again: bool = False
) -> JobSpec[MachineSpeed]:
    """Benchmark training steps on this machine, while nothing else runs."""

    def work(_: ModelStore) -> Generator[Event, None, MachineSpeed]:
        from ddpm_studio.jobs.machine.speed_benchmark import measure_speed as measure

        return measure(image_size, channels, again=again)

    title = "Measuring this machine"
    return JobSpec(title, DeviceSteps(work), Lane.IDLE, slot="measure machine")
