"""Immiscible noise: the assignment within a batch of the least cost, a mere permutation."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, Trainer, TrainingConfig, UNet
from ddpm_studio.engine.consistency.pairs import ConsistencyConfig
from ddpm_studio.engine.consistency.trainer import ConsistencyTrainer
from ddpm_studio.engine.networks.unet import UNetConfig
from ddpm_studio.engine.noise_assignment import assign_noise

_NET = UNetConfig(8, 8, 1, 32, (1, 2), 1, (4,))
_CONFIG = TrainingConfig(batch_size=6, warmup_steps=4, augmentation=0.5, precision="float32")


def _cost(x0: Tensor, noise: Tensor) -> float:
    return float((x0 - noise).square().sum())


@pytest.mark.parametrize("seed", range(5))
def test_no_other_way_to_share_the_noise_out_is_nearer(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    x0 = torch.rand(5, 3, 4, 4, generator=draw) * 2 - 1
    noise = torch.randn(5, 3, 4, 4, generator=draw)
    got = assign_noise(noise, x0)
    least = min(_cost(x0, noise[list(order)]) for order in permutations(range(5)))
    assert _cost(x0, got) == pytest.approx(least, rel=1e-6)


def test_it_is_the_same_noise_in_another_order() -> None:
    draw = torch.Generator().manual_seed(0)
    x0 = torch.rand(16, 1, 8, 8, generator=draw).contiguous(memory_format=torch.channels_last)
    noise = torch.randn(16, 1, 8, 8, generator=draw).contiguous(memory_format=torch.channels_last)
    got = assign_noise(noise, x0)
    assert got.is_contiguous(memory_format=torch.channels_last)
    assert sorted(got.sum((1, 2, 3)).tolist()) == pytest.approx(
        sorted(noise.sum((1, 2, 3)).tolist()), abs=1e-5
    )
    assert not torch.equal(got, noise)


def test_a_picture_finds_the_noise_that_was_made_for_it() -> None:
    draw = torch.Generator().manual_seed(0)
    x0 = torch.rand(6, 1, 4, 4, generator=draw) * 2 - 1
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    assert torch.equal(assign_noise(x0[order] * 1.1, x0), x0 * 1.1)


def test_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"noise must have the shape of x_0"):
        assign_noise(torch.zeros(2, 1, 4, 4), torch.zeros(2, 1, 4, 5))
    with pytest.raises(ValueError, match="immiscible must be True or False"):
        replace(_CONFIG, immiscible=1)  # type: ignore[arg-type]


def _trainer(config: TrainingConfig, kind: str) -> Trainer:
    torch.manual_seed(0)
    net = UNet(_NET.with_fields(augmented=True))
    images = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 1), dtype=np.uint8)
    process = DiffusionProcess(NoiseSchedule.linear(100))
    if kind == "student":
        return ConsistencyTrainer(net, process, images, config, ConsistencyConfig(4))
    return Trainer(net, process, images, config)


@pytest.mark.parametrize("kind", ["model", "student"])
def test_a_training_step_sees_the_pictures_with_the_noise_near_them(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The noise is reassigned; pictures, timesteps and levels stay as they are without it."""

    def seen(config: TrainingConfig) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        trainer = _trainer(config, kind)
        batches: list[tuple[Tensor, ...]] = []
        loss = trainer._loss

        def watched(network: object, *batch: Tensor) -> Tensor:
            batches.append(batch)
            return loss(network, *batch)  # type: ignore[arg-type]

        monkeypatch.setattr(trainer, "_loss", watched)
        trainer.step()
        ((x0, told, _, levels, noise),) = batches
        return x0, told, levels, noise

    x0, told, levels, plain = seen(_CONFIG)
    *same, near = seen(replace(_CONFIG, immiscible=True))
    for ours, theirs in zip(same, (x0, told, levels), strict=True):
        assert torch.equal(ours, theirs)
    assert torch.equal(near, assign_noise(plain, x0))
    assert _cost(x0, near) < _cost(x0, plain)
