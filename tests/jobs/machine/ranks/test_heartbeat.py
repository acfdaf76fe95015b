"""Heartbeat of ranks: a slow rank counts as alive, one without progress is reported."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch.distributed as dist

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, Trainer, TrainingConfig, UNet
from ddpm_studio.engine.generators import finish
from ddpm_studio.engine.networks.unet import UNetConfig
from ddpm_studio.jobs.machine.ranks import heartbeat
from ddpm_studio.jobs.machine.ranks.heartbeat import Phase, RankProgress, Watchdog
from ddpm_studio.jobs.training.stepper import Stepper
from ddpm_studio.requests import TrainRequest

BEAT, LONGEST = 0.02, 5


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "_BEAT_SECONDS", BEAT)
    monkeypatch.setattr(heartbeat, "_MAX_PASS_SECONDS", LONGEST)
    # On a busy machine, threads may be delayed for long.
    monkeypatch.setattr(heartbeat, "_MAX_SILENT_BEATS", 1000)


def told_of(
    progress: Callable[[RankProgress], None], own: Phase = "exchange", *others: Phase, rank: int = 0
) -> list[str]:
    """Return a rank's reports of other ranks that make no progress.

    Args:
        progress: called at each beat of the first other rank, which is at a step.
        own: phase of the listening rank.
        others: phases of further ranks.
        rank: number of the listening rank.
    """
    store, told = dist.HashStore(), list[str]()  # type: ignore[attr-defined]
    doing = [RankProgress("step", 3), *(RankProgress(phase, 3) for phase in others)]
    beats = [0] * (1 + len(doing))

    def ticking(number: int) -> Callable[[object], None]:
        def tick(_: object) -> None:
            beats[number] += 1
            if number == 1:
                progress(doing[0])

        return tick

    heard = list(range(rank + 1, rank + 1 + len(doing)))
    listener = Watchdog(
        store, rank, heard, RankProgress(own), lambda _, how: told.append(how), ticking(0)
    )
    watches = [
        Watchdog(store, number, [], one, lambda *_: None, ticking(place))
        for place, (number, one) in enumerate(zip(heard, doing, strict=True), 1)
    ]
    for watch in (listener, *watches):
        watch.start()
    # Until all have had time enough, however busy the machine; a report ends the listener early.
    while listener.is_alive() and min(beats) < 4 * LONGEST:
        time.sleep(BEAT)
    for watch in (listener, *watches):
        watch.stop()
    return told


def nothing(_: RankProgress) -> None:
    """Make no progress."""


def exchange(doing: RankProgress) -> None:
    """Enter the gradient exchange."""
    doing.phase = "exchange"


def test_a_rank_that_stands_still_in_a_step_is_told_of() -> None:
    assert told_of(nothing) == ["has been at one step for 10 minutes"]


def test_a_rank_whose_step_has_many_passes_lives() -> None:
    assert told_of(RankProgress.count_pass) == []


def test_ranks_that_wait_in_the_exchange_for_a_long_step_live() -> None:
    assert told_of(RankProgress.count_pass, "exchange", "exchange") == []
    assert told_of(exchange, "exchange", rank=1) == [], "it does not hear of all"
    assert told_of(exchange, "exchange", "exchange") == ["has been in one exchange for 10 minutes"]


def test_ranks_that_wait_in_a_step_for_one_that_is_paused_live() -> None:
    assert told_of(nothing, "idle") == []


def test_each_pass_of_a_step_is_noted() -> None:
    images = np.zeros((8, 8, 8, 1), np.uint8)
    network = UNet(UNetConfig(8, 8, 1, 32, (1,), 1, (), dropout=0.0))
    config = TrainingConfig(batch_size=2, accumulation=3)
    process = DiffusionProcess(NoiseSchedule.linear(20))
    doing = RankProgress()
    stepper = Stepper(Trainer(network, process, images, config), TrainRequest(), doing)
    finish(stepper.step())
    assert doing.passes == 3
