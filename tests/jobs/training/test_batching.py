"""Micro-batches: memory per picture in training, and batch sizes that fit the free memory."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    Precision,
    Trainer,
    TrainingConfig,
    UNet,
    UNetConfig,
)
from ddpm_studio.engine.device.ranks import Ranks
from ddpm_studio.jobs.training import batching
from ddpm_studio.jobs.training.batching import MicroBatch, bytes_per_picture


@pytest.mark.parametrize(("precision", "bytes_each"), [("float32", 4), ("bf16", 2)])
def test_a_picture_takes_what_its_layers_keep(precision: Precision, bytes_each: int) -> None:
    config = UNetConfig.tiny(16)
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    process = DiffusionProcess(NoiseSchedule.linear())
    trainer = Trainer(UNet(config), process, pictures, TrainingConfig(precision=precision))
    # One activation tensor of the first level; there are dozens of them, smaller at lower levels.
    one = config.base_channels * 16 * 16 * bytes_each
    assert 10 * one < bytes_per_picture(trainer) < 60 * one


def test_measuring_a_picture_keeps_no_network_alive() -> None:
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    process = DiffusionProcess(NoiseSchedule.linear())
    trainer = Trainer(UNet(UNetConfig.tiny(16)), process, pictures, TrainingConfig())
    weights = [weakref.ref(weight) for weight in trainer.model.parameters()]
    bytes_per_picture(trainer)
    del trainer
    gc.collect()
    assert not any(weight() is not None for weight in weights)


@pytest.mark.parametrize("automatic", [True, False])
def test_room_is_made_without_collecting_where_another_thread_collects(automatic: bool) -> None:
    process = DiffusionProcess(NoiseSchedule.linear())
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    trainer = Trainer(UNet(UNetConfig.tiny(16)), process, pictures, TrainingConfig())
    collected: list[str] = []

    def note(phase: str, info: dict[str, int]) -> None:
        if info["generation"] == 2:
            collected.append(phase)

    # A window of another test may have left garbage collection disabled.
    before = gc.isenabled()
    (gc.enable if automatic else gc.disable)()
    gc.callbacks.append(note)
    try:
        assert not MicroBatch(trainer).shrink()
    finally:
        gc.callbacks.remove(note)
        (gc.enable if before else gc.disable)()
    assert bool(collected) == automatic


class _Second(Ranks):
    """Rank 1 of four, whose share of 16 pictures is 4."""

    rank, size = 1, 4


def test_a_rank_divides_its_own_share_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    process = DiffusionProcess(NoiseSchedule.linear())
    pictures = np.zeros((16, 16, 16, 3), np.uint8)
    config = TrainingConfig(batch_size=16)
    trainer = Trainer(UNet(UNetConfig.tiny(16)), process, pictures, config, ranks=_Second())
    micro_batch = MicroBatch(trainer)
    monkeypatch.setattr(batching, "bytes_per_picture", lambda _: 1)
    monkeypatch.setattr(batching, "free_bytes", lambda _: 10)
    assert not micro_batch.estimate(), "there is room for six, and there are four"
    assert (micro_batch.size, micro_batch.reduced_size) == (4, None)
    assert not micro_batch.shrink(), "as it is, once more"
    assert micro_batch.shrink()
    assert (micro_batch.size, micro_batch.reduced_size) == (2, 2), "less than what did not fit"
