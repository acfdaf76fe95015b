"""Return to a checkpoint after a loss spike: two ranks do the same as one process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
import torch.distributed as dist

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, Trainer, TrainingConfig, UNet
from ddpm_studio.engine.device.ranks import SINGLE_PROCESS, RankGroup, Ranks
from ddpm_studio.engine.generators import finish
from ddpm_studio.engine.networks.unet import UNetConfig
from ddpm_studio.jobs.training.rank_state import RankZero
from ddpm_studio.jobs.training.rank_training import _steps
from ddpm_studio.jobs.training.stepper import Stepper
from ddpm_studio.requests import TrainRequest
from tests.ranks import forks, on_ranks

CPU = torch.device("cpu")
CONFIG = TrainingConfig(batch_size=4, accumulation=2, warmup_steps=2)
REQUEST = TrainRequest(steps=6, return_on_spike=True, threads=1)
Weights = list[torch.Tensor]
_ENDED = "over"


@dataclass
class _Team:
    """Stand-in for the ranks' communication, by the key-value store of the test's process group."""

    group: RankGroup
    device = CPU

    def __post_init__(self) -> None:
        self.store = dist.distributed_c10d._get_default_store()

    def send(self, key: str, value: object) -> None:
        self.store.set(key, json.dumps(value))

    def receive(self, key: str) -> object:
        return json.loads(self.store.get(key))

    @property
    def is_over(self) -> bool:
        return bool(self.store.check([_ENDED]))


def _trainer(ranks: Ranks) -> Trainer:
    torch.manual_seed(0)
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), dtype=np.uint8)
    network = UNet(UNetConfig(8, 8, 1, 32, (1,), 1, (), dropout=0.0))
    return Trainer(network, DiffusionProcess(NoiseSchedule.linear(20)), images, CONFIG, None, ranks)


def _saved(trainer: Trainer) -> tuple[Any, ...]:
    parts = (trainer.model.state_dict(), trainer.ema.model.state_dict())
    tensors = (*parts, trainer.optimizer_tensors())
    return trainer.step_number, *({k: v.clone() for k, v in part.items()} for part in tensors)


def _weights(trainer: Trainer) -> Weights:
    return [weight.detach() for weight in trainer.model.parameters()]


def _in_one_process() -> Weights:
    trainer = _trainer(SINGLE_PROCESS)
    for _ in range(2):
        trainer.step()
    saved = _saved(trainer)
    trainer.step()
    trainer.load(*saved)
    trainer.reseed(7)
    while trainer.step_number < REQUEST.steps:
        trainer.step()
    return _weights(trainer)


def _on_a_rank() -> Weights:
    group = RankGroup(CPU)
    team, trainer = cast(Any, _Team(group)), _trainer(group)
    stepper = Stepper(trainer, REQUEST)
    if group.rank:
        plan = cast(Any, SimpleNamespace(request=REQUEST))
        _steps(team, plan, trainer, cast(Any, SimpleNamespace(check=lambda: None)), stepper)
        return _weights(trainer)
    leading = RankZero(team, trainer, REQUEST.steps)
    leading.begin()
    for _ in range(2):
        finish(stepper.step())
    saved = _saved(trainer)
    finish(stepper.step())
    # The unrecorded step of the return may run out of memory at the first attempt.
    gradient = trainer.accelerator.gradient

    def refuse(*_: object, **__: object) -> None:
        trainer.accelerator.gradient = gradient  # type: ignore[method-assign]
        raise torch.OutOfMemoryError("CUDA out of memory.")

    trainer.accelerator.gradient = refuse  # type: ignore[assignment, method-assign]
    finish(leading.announce_rollback(stepper))
    trainer.load(*saved)
    trainer.reseed(7)
    leading.begin()
    while trainer.step_number < REQUEST.steps:
        finish(stepper.step())
    team.send(_ENDED, True)
    return _weights(trainer)


@forks
def test_two_ranks_go_back_as_one_process_does(tmp_path: Path) -> None:
    alone = _in_one_process()
    for weights in on_ranks(2, _on_a_rank, tmp_path):
        assert all(map(torch.equal, weights, alone))
