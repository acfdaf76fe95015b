"""A rank that has long to do lives; one that stands still is told of."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch.distributed as dist

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, Trainer, TrainingConfig, UNet
from ddpm_studio.engine.generators import finish
from ddpm_studio.engine.networks.unet import UNetConfig
from ddpm_studio.jobs.machine.ranks import heartbeat
from ddpm_studio.jobs.machine.ranks.heartbeat import Doing, Watch
from ddpm_studio.jobs.training.stepper import Stepper
from ddpm_studio.requests import TrainRequest

BEAT, LONGEST = 0.02, 5


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_SECONDS", BEAT)
    monkeypatch.setattr(heartbeat, "_LONGEST_PASS", LONGEST)
    # The threads of a busy machine wait for each other.
    monkeypatch.setattr(heartbeat, "_SILENT", 1000)


def told_of(progress: Callable[[Doing], None]) -> list[str]:
    """What is told of a rank that is long at one step, with some progress from beat to beat."""
    store, told, doing = dist.HashStore(), list[str](), Doing("step", 3)
    beats = threading.Semaphore(0)

    def tick(_: object) -> None:
        progress(doing)
        beats.release()

    listener = Watch(store, 0, [1], Doing(), lambda _, how: told.append(how), lambda _: None)
    beating = Watch(store, 1, [], doing, lambda *_: None, tick)
    listener.start()
    beating.start()
    for _ in range(4 * LONGEST):
        beats.acquire()
    listener.stop()
    beating.stop()
    return told


def test_a_rank_that_stands_still_in_a_step_is_told_of() -> None:
    assert told_of(lambda _: None) == ["has been at one step for 10 minutes"]


def test_a_rank_whose_step_has_many_passes_lives() -> None:
    assert told_of(lambda doing: doing.passed()) == []


def test_each_pass_of_a_step_is_noted() -> None:
    images = np.zeros((8, 8, 8, 1), np.uint8)
    network = UNet(UNetConfig(8, 8, 1, 32, (1,), 1, (), dropout=0.0))
    config = TrainingConfig(batch_size=2, accumulation=3)
    process = DiffusionProcess(NoiseSchedule.linear(20))
    doing = Doing()
    stepper = Stepper(Trainer(network, process, images, config), TrainRequest(), doing)
    finish(stepper.step())
    assert doing.passes == 3
