"""Data-parallel training: two ranks of one thread against one process, and their all-reduce.

The batch of a step is equally large in both. Each rank does the work of a step that does not
depend on the number of pictures, the optimiser and the averages, so that small batches gain
little: two independent processes of 8 pictures each did 1.69 to 1.77 times as many a second as
one of 16, on two cores of an EPYC.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
import torch.distributed as dist

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, Trainer, TrainingConfig, UNet
from ddpm_studio.engine.device.ranks import SINGLE_PROCESS, RankGroup, Ranks
from tests.benchmarks.figures import Figure, UnavailableError
from tests.benchmarks.shapes import BATCH, CONFIG, pictures
from tests.ranks import on_ranks

_TARGET = 1.7
_STEPS = 6
_BATCHES = (BATCH, 4 * BATCH)


class _Timed(RankGroup):
    """Records the time of each all-reduce, and of the wait for the other rank before it."""

    def __init__(self) -> None:
        super().__init__(torch.device("cpu"))
        self.waits: list[float] = []
        self.seconds: list[float] = []

    def all_reduce(self, tensor: torch.Tensor) -> None:
        begun = time.perf_counter()
        dist.barrier()
        together = time.perf_counter()
        super().all_reduce(tensor)
        self.waits.append(together - begun)
        self.seconds.append(time.perf_counter() - together)


def measure(rounds: int) -> list[Figure]:
    """Alternate one process and two ranks, with a small batch and a larger one."""
    if (os.cpu_count() or 1) < 2 or not hasattr(os, "fork"):
        raise UnavailableError("two cores and forked processes are needed")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [figure for batch in _BATCHES for figure in _gain(batch, rounds)]
    finally:
        torch.set_num_threads(before)


def _gain(batch: int, rounds: int) -> list[Figure]:
    alone, shared, waits, exchanges = [], [], [], []
    with tempfile.TemporaryDirectory() as folder:
        # Each round starts two processes.
        for k in range(max(2, rounds // 3)):
            alone.append(_seconds_a_step(SINGLE_PROCESS, batch)[0])
            told = on_ranks(2, lambda: _seconds_a_step(_Timed(), batch), Path(folder) / str(k))
            shared.append(max(seconds for seconds, _, _ in told))
            waits += [wait for _, wait, _ in told]
            exchanges += [all_reduce_gradients for _, _, all_reduce_gradients in told]
    gains = [one / two for one, two in zip(alone, shared, strict=True)]
    details: dict[str, object] = {
        "one process, pictures/s": round(batch / median(alone), 2),
        "two ranks, pictures/s": round(batch / median(shared), 2),
        "from": round(min(gains), 3),
        "to": round(max(gains), 3),
    }
    title = f"batch of {batch}: two ranks of one thread, one of one"
    return [
        Figure(title, median(gains), "×", _TARGET, None, details),
        Figure("exchange of a step, gloo", 1000 * median(exchanges), "ms"),
        Figure("wait for the slower rank, a step", 1000 * median(waits), "ms"),
    ]


def _seconds_a_step(ranks: Ranks, batch: int) -> tuple[float, float, float]:
    """Return the median seconds of a step, of its wait for the other rank, and of the exchange."""
    torch.manual_seed(0)
    process = DiffusionProcess(NoiseSchedule.linear())
    config = TrainingConfig(batch_size=batch)
    trainer = Trainer(UNet(CONFIG), process, pictures(), config, None, ranks)
    times = []
    for _ in range(_STEPS):
        begun = time.perf_counter()
        trainer.step().loss.item()
        times.append(time.perf_counter() - begun)
    # The first step selects its kernels.
    seconds = median(times[1:])
    if not isinstance(ranks, _Timed):
        return seconds, 0.0, 0.0
    return seconds, median(ranks.waits[1:]), median(ranks.seconds[1:])
