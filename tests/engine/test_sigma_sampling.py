"""Training with continuous noise levels: σ itself is sampled, between the timesteps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    Trainer,
    TrainingConfig,
    UNet,
    UNetConfig,
)
from ddpm_studio.engine.sigma_sampling import LogNormalSigma

NET = UNetConfig(8, 8, 1, 32, (1, 2), 1, (4,), dropout=0.0)


def trainer(parameterization: str, choice: str) -> Trainer:
    torch.manual_seed(0)
    images = np.random.default_rng(0).integers(0, 256, (10, 8, 8, 1), dtype=np.uint8)
    config = TrainingConfig(
        batch_size=8, warmup_steps=1, learning_rate=2e-3, timestep_sampling=choice
    )
    schedule = NoiseSchedule.named(parameterization, 50)
    return Trainer(UNet(NET), DiffusionProcess(schedule, parameterization), images, config)


@pytest.mark.parametrize(
    ("parameterization", "choice"),
    [("edm", "log_normal"), ("flow", "logit_normal"), ("flow", "uniform"), ("edm", "uniform")],
)
def test_it_learns_and_tells_the_nearest_t(parameterization: str, choice: str) -> None:
    learner = trainer(parameterization, choice)
    results = [learner.step() for _ in range(12)]
    losses = [float(result.loss) for result in results]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    index = torch.cat([result.index for result in results])
    assert index.dtype == torch.int64
    assert 0 <= int(index.min()) < int(index.max()) < 50


def test_three_and_three_steps_are_six() -> None:
    through, first, second = (trainer("edm", "log_normal") for _ in range(3))
    losses = [float(through.step().loss) for _ in range(6)]
    again = [float(first.step().loss) for _ in range(3)]
    saved = (first.model.state_dict(), first.ema.model.state_dict(), first.optimizer_tensors())
    model, ema, optimizer = ({k: v.clone() for k, v in part.items()} for part in saved)
    second.load(3, model, ema, optimizer)
    again += [float(second.step().loss) for _ in range(3)]
    assert again == losses


def test_the_nearest_timestep_is_that_in_log_sigma() -> None:
    process = DiffusionProcess(NoiseSchedule.named("edm", 50), "edm")
    sigmas = process.schedule.sigmas
    drawn, _ = LogNormalSigma(50, "cpu").draw(200, torch.Generator().manual_seed(0))
    far = (drawn.double().log()[:, None] - sigmas.log()[None]).abs()
    assert torch.equal(process.index_of(drawn), far.argmin(1))
    assert torch.equal(process.index_of(sigmas), torch.arange(50))
    assert process.index_of(torch.tensor([1e-9, 1e9])).tolist() == [0, 49]
    index = torch.tensor([3, 7])
    assert process.index_of(index) is index


def test_labels_are_refused_what_they_have_no_word_for() -> None:
    images = np.zeros((4, 8, 8, 1), dtype=np.uint8)
    config = TrainingConfig(timestep_sampling="log_normal")
    with pytest.raises(ValueError, match="has no label; use 'edm' or 'flow'"):
        Trainer(UNet(NET), DiffusionProcess(NoiseSchedule.linear(50)), images, config)
    with pytest.raises(ValueError, match="must be above 0"):
        LogNormalSigma(50, "cpu", std=0.0)
