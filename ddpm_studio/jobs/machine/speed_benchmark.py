"""Speed benchmark: training speed of this machine, measured by a few steps of each preset."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Generator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from ddpm_studio import __version__, paths
from ddpm_studio.engine import (
    DiffusionProcess,
    NetworkConfig,
    NoiseSchedule,
    Trainer,
    TrainingConfig,
)
from ddpm_studio.engine.device.cuda_graph import WARMUP_CALLS
from ddpm_studio.engine.networks.presets import preset as preset_config
from ddpm_studio.engine.networks.presets import preset_multiple
from ddpm_studio.engine.networks.registry import build
from ddpm_studio.engine.sizes import side_text
from ddpm_studio.engine.tables import PRESETS
from ddpm_studio.errors import is_out_of_memory
from ddpm_studio.jobs.events import Event, Progress
from ddpm_studio.jobs.machine import device as devices
from ddpm_studio.jobs.machine.machine_speed import MachineSpeed, PresetSpeed
from ddpm_studio.jobs.machine.measurement_cache import read_cache, write_cache
from ddpm_studio.picture_shape import ImageSize, parse_image_size, sides
from ddpm_studio.picture_shape import image_size as image_size_of
from ddpm_studio.requests import Precision
from ddpm_studio.runs.weights import parameters

_FILE = "machine.json"
_MAX_BYTES = 1 << 20
_REPEATS = 3
_BATCHES = (1, 2, 8, 32)
# Other requests wait until a step ends: the batch size grows no further once a step takes
# ``_LONG_SECONDS``, and a network is skipped if a step on one picture, extrapolated from the
# previous network, would take longer than ``_TOO_LONG_SECONDS``.
_LONG_SECONDS = 0.25
_TOO_LONG_SECONDS = 0.75
# Steps of a batch are steady if the slowest takes at most this factor and offset more than the
# fastest.
_MAX_SPREAD = 4.0
_HICCUP_SECONDS = 0.25
# Weights, EMA, gradient and Adam's two moments in float32.
_BYTES_PER_PARAMETER = 20
_SHARE_OF_MEMORY = 0.25


def measure_speed(
    image_size: ImageSize,
    channels: int,
    device: torch.device | None = None,
    precision: Precision = "auto",
    *,
    again: bool = False,
) -> Generator[Event, None, MachineSpeed]:
    """Measure the training speed by a few steps of each preset on noise, with its optimiser.

    Results for the same device, precision, number of threads, versions of torch and of this program
    are cached in the folder of settings and not measured again unless ``again``. They are not
    cached if equal steps took very different times, as the machine was busy with other things, or
    asleep.

    Args:
        image_size: side of the pictures, or (width, height); a preset that needs a multiple is
            tried at the next smaller sides that are one.
        channels: channels of the pictures.
        device: device to train on; None for the default.
        precision: precision to train in.
        again: measure even if a result is cached.
    """
    device = devices.choose_device("auto") if device is None else device
    chosen_precision = devices.choose_precision(precision, device)
    device_text = f"{devices.describe(device)} {chosen_precision}"
    threads = f"{torch.get_num_threads()} threads"
    # The recipes of the presets belong to the release.
    releases = f"torch {torch.__version__}", f"ddpm-studio {__version__}"
    machine = " · ".join((platform.node(), device_text, threads, *releases))
    key = f"{machine} · {side_text(*sides(image_size))} px × {channels}"
    file = paths.config_dir() / _FILE
    cached = _read(file)
    if not again and key in cached:
        return cached[key]
    presets: dict[str, PresetSpeed] = {}
    steady = True
    names = tuple(PRESETS)
    cost = 0.0  # seconds per picture and parameter, of the previous network
    for index, preset in enumerate(names):
        progress = Progress(index, len(names), "Measuring", "networks")
        yield progress
        config = _fitted_config(preset, image_size, channels)
        count = parameters(config) if config else 0
        if config is None or not _fits_memory(count) or cost * count > _TOO_LONG_SECONDS:
            continue
        measured = _time_steps(config, device, chosen_precision, PRESETS[preset].recipe, progress)
        times, is_steady = yield from measured
        if device.type == "cuda":
            # The next network may need the memory that torch's allocator has cached for this one.
            torch.cuda.empty_cache()
        if not times:
            continue
        steady = steady and is_steady
        size = image_size_of(config.width, config.height)
        presets[preset] = _fit_line(size, config.size_multiple, times)
        cost = times[1] / count
    speed = MachineSpeed(machine, device_text, image_size, channels, presets)
    if steady:
        entries = {name: asdict(entry) for name, entry in {**cached, key: speed}.items()}
        write_cache(file, entries)
    return speed


def _time_steps(
    config: NetworkConfig,
    device: torch.device,
    precision: str,
    recipe: Mapping[str, object],
    progress: Event,
) -> Generator[Event, None, tuple[dict[int, float], bool]]:
    """Time steps of growing batches, as far as memory suffices.

    Returns:
        Seconds of the fastest step by batch size, empty if not even one picture fits; and whether
        the times were steady.
    """
    times: dict[int, float] = {}
    steady = True
    try:
        benchmark = _Benchmark(config, device, precision, recipe)
        yield progress
        for batch in _BATCHES:
            seconds = []
            # The first step of each batch chooses kernels. A GPU records its CUDA graph there too,
            # but not before it has taken some steps.
            warmup = 1 if times or device.type != "cuda" else 1 + WARMUP_CALLS
            for _ in range(warmup + _REPEATS):
                seconds.append(benchmark.step(batch))
                yield progress
            times[batch] = min(seconds[warmup:])
            steady = (
                steady and max(seconds[warmup:]) <= _MAX_SPREAD * times[batch] + _HICCUP_SECONDS
            )
            if len(times) > 1 and times[batch] > _LONG_SECONDS:
                break
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    return times, steady


class _Benchmark:
    """A network being trained on random noise."""

    def __init__(
        self,
        config: NetworkConfig,
        device: torch.device,
        precision: str,
        recipe: Mapping[str, object],
    ) -> None:
        with torch.random.fork_rng(devices=[]):
            network = build(config)
        shape = (max(_BATCHES), config.height, config.width, config.channels)
        pictures = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        training = TrainingConfig(
            precision="bf16" if precision == "bf16" else "float32",
            optimizer=str(recipe.get("optimizer", TrainingConfig.optimizer)),
        )
        process = DiffusionProcess(NoiseSchedule.linear())
        self._trainer = Trainer(network.to(device), process, pictures, training)

    def step(self, batch: int) -> float:
        """Take a training step and return its seconds."""
        self._trainer.config = replace(self._trainer.config, batch_size=batch)
        start_time = time.perf_counter()
        # Reading the loss synchronises with the device.
        self._trainer.step().loss.item()
        return time.perf_counter() - start_time


def _fit_line(image_size: ImageSize, multiple: int, times: dict[int, float]) -> PresetSpeed:
    """Return the line through the two largest batches; with one, through it and the origin."""
    (small, small_seconds), (large, large_seconds) = [(0, 0.0), *times.items()][-2:]
    seconds_per_picture = max(0.0, (large_seconds - small_seconds) / (large - small))
    return PresetSpeed(
        image_size,
        max(0.0, large_seconds - seconds_per_picture * large),
        seconds_per_picture,
        large,
        multiple,
    )


def _fitted_config(preset: str, image_size: ImageSize, channels: int) -> NetworkConfig | None:
    """Return the preset's configuration for this size, rounded down to its required multiple."""
    multiple = preset_multiple(preset)
    width, height = (side // multiple * multiple for side in sides(image_size))
    return preset_config(preset, (channels, height, width)) if width and height else None


def _fits_memory(parameters: int) -> bool:
    free: int = psutil.virtual_memory().available
    return parameters * _BYTES_PER_PARAMETER <= _SHARE_OF_MEMORY * free


def _read(file: Path) -> dict[str, MachineSpeed]:
    """Return the cached speeds by key, without invalid entries."""
    speeds = {}
    for key, entry in read_cache(file, _MAX_BYTES).items():
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            speeds[key] = _parse_speed(entry)
    return speeds


def _parse_speed(entry: dict[str, Any]) -> MachineSpeed:
    presets = {
        name: PresetSpeed(**_parse_sides(fields)) for name, fields in entry["presets"].items()
    }
    return MachineSpeed(**{**_parse_sides(entry), "presets": presets})


def _parse_sides(fields: dict[str, Any]) -> dict[str, Any]:
    """Parse the image size, which JSON stores as a list if it has two sides."""
    return {**fields, "image_size": parse_image_size(fields["image_size"])}
