"""Precision that this machine computes faster, bf16 or float32, measured once and cached."""

from __future__ import annotations

import functools
import platform
import time
from typing import get_args

import torch

from ddpm_studio import paths
from ddpm_studio.engine.device.memory_format import Precision, memory_format
from ddpm_studio.engine.networks.unet_blocks import BlockStyle, ResidualBlock
from ddpm_studio.jobs.machine.measurement_cache import read_cache, write_cache

_FILE = "precision.json"
_MAX_BYTES = 1 << 16
# A block of the 64-wide network at 32 px, for half of its usual batch.
_WIDTH, _SIDE, _BATCH = 64, 32, 8
_REPEATS = 3
# Speed-up that makes bf16 worth its coarser numbers.
_MIN_GAIN = 1.2


def native_precision(device: torch.device) -> Precision:
    """Return bf16 where the device computes it natively and, on a CPU, measurably faster.

    On a CPU, one block of a network is trained in both for about a fifth of a second; the result
    is cached for this machine, version of torch and number of threads.
    """
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    if device.type != "cpu" or not _has_instructions():
        return "float32"
    return _measured_precision(torch.get_num_threads())


def _has_instructions() -> bool:
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


@functools.cache
def _measured_precision(threads: int) -> Precision:
    file = paths.cache_dir() / _FILE
    key = f"{platform.node()} · {threads} threads · torch {torch.__version__}"
    entries = read_cache(file, _MAX_BYTES)
    known: dict[str, Precision] = {k: v for k, v in entries.items() if v in get_args(Precision)}
    if key not in known:
        known[key] = "bf16" if gain_of_bf16() >= _MIN_GAIN else "float32"
        write_cache(file, known)
    return known[key]


def gain_of_bf16() -> float:
    """Speed-up by bf16 on the CPU: step time of one block in float32 over that in bf16."""
    with torch.random.fork_rng(devices=[]):
        block = ResidualBlock(_WIDTH, _WIDTH, BlockStyle(_WIDTH, _WIDTH // 2, 0.0))
        x = torch.randn(_BATCH, _WIDTH, _SIDE, _SIDE)
    return _seconds(block, x, "float32") / _seconds(block, x, "bf16")


def _seconds(block: ResidualBlock, x: torch.Tensor, precision: Precision) -> float:
    layout = memory_format(x.device, precision)
    block.to(memory_format=layout)  # type: ignore[call-overload]
    x = x.contiguous(memory_format=layout)
    temb = x.new_zeros(len(x), _WIDTH)
    times = []
    # The first call, which chooses kernels, is not counted; the minimum is the least disturbed.
    for _ in range(1 + _REPEATS):
        start_time = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            y = block(x, temb)
        y.sum().backward()
        times.append(time.perf_counter() - start_time)
    return min(times[1:])
