"""Data-parallel training: several ranks train as one process does, on small networks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed as dist

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, Trainer, TrainingConfig, UNet
from ddpm_studio.engine.consistency.pairs import ConsistencyConfig
from ddpm_studio.engine.consistency.trainer import ConsistencyTrainer
from ddpm_studio.engine.device.ranks import SINGLE_PROCESS, RankGroup, Ranks
from ddpm_studio.engine.networks.unet import UNetConfig
from tests.ranks import forks, on_ranks

NET = UNetConfig(8, 8, 1, 32, (1, 2), 1, (4,), dropout=0.0)
CONFIG = TrainingConfig(batch_size=8, warmup_steps=4, ema_decay=0.9, power_ema=(0.05,))
AWARE = replace(CONFIG, loss="hybrid", timestep_sampling="loss_second_moment")
CPU = torch.device("cpu")
Told = tuple[dict[str, torch.Tensor], list[float], list[torch.Tensor]]


def _trainer(kind: str, config: TrainingConfig, ranks: Ranks) -> Trainer:
    torch.manual_seed(0)
    images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), dtype=np.uint8)
    if kind == "aware":
        # Two timesteps, so that the loss-aware sampler of t learns from the first steps on.
        process = DiffusionProcess(NoiseSchedule.linear(2), variance="learned_range")
        net = NET.with_fields(num_classes=3, learned_variance=True)
        return Trainer(UNet(net), process, images, config, np.arange(20) % 3, ranks)
    process = DiffusionProcess(NoiseSchedule.linear(100))
    if kind == "student":
        tuning = ConsistencyConfig(4)
        return ConsistencyTrainer(UNet(NET), process, images, config, tuning, None, ranks)
    return Trainer(UNet(NET), process, images, config, None, ranks)


def _trained(kind: str, config: TrainingConfig, ranks: Ranks, steps: int) -> Told:
    trainer = _trainer(kind, config, ranks)
    results = [trainer.step() for _ in range(steps)]
    tensors = {f"model.{key}": value for key, value in trainer.model.state_dict().items()}
    tensors |= trainer.optimizer_tensors()
    if ranks.rank == 0:
        tensors |= {f"ema.{key}": value for key, value in trainer.ema.model.state_dict().items()}
        tensors |= trainer.average_tensors()
    figures = [float(v) for r in results for v in (r.loss, r.grad_norm, r.lr)]
    return tensors, figures, [t for r in results for t in (r.losses, r.index)]


def _assert_equal(a: Told, b: Told) -> None:
    assert a[0].keys() == b[0].keys()
    for key, value in a[0].items():
        assert torch.equal(value, b[0][key]), key
    assert a[1] == b[1]
    assert all(map(torch.equal, a[2], b[2]))


@forks
@pytest.mark.parametrize("kind", ["plain", "aware", "student", "immiscible"])
def test_two_ranks_take_the_steps_of_two_micro_batches(kind: str, tmp_path: Path) -> None:
    """Two ranks equal two micro-batches bit for bit, losses and the statistics of t included."""
    steps = 50 if kind == "plain" else 12
    config = replace(AWARE if kind == "aware" else CONFIG, steps=steps)
    config = replace(config, immiscible=kind in ("student", "immiscible"))
    halves = replace(config, batch_size=4, accumulation=2)
    one = _trained(kind, halves, SINGLE_PROCESS, steps)
    first, second = on_ranks(
        2, lambda: _trained(kind, halves, RankGroup(CPU), steps), tmp_path / "a"
    )
    _assert_equal(first, one)
    for key, value in second[0].items():
        assert torch.equal(value, first[0][key]), key
    assert second[1] == first[1]
    if kind != "plain":
        return
    # Two ranks repeat themselves, and which settings give the batch size does not matter.
    again, _ = on_ranks(2, lambda: _trained(kind, config, RankGroup(CPU), steps), tmp_path / "b")
    _assert_equal(again, one)
    # A single pass sums in another order. A bias before a normalisation has a gradient of pure
    # rounding errors, which Adam turns into steps: they are small, and different each way.
    through = _trained(kind, config, SINGLE_PROCESS, steps)
    there, here = (
        torch.cat([v.flatten() for k, v in told[0].items() if k.startswith("model.")])
        for told in (through, first)
    )
    assert (there - here).norm() <= 1e-4 * there.norm()


@forks
def test_three_ranks_share_a_batch_of_eight_by_its_rows(tmp_path: Path) -> None:
    """Ranks with 2, 3 and 3 pictures are weighted by their number of pictures."""
    one = _trained("aware", AWARE, SINGLE_PROCESS, 1)
    told = on_ranks(3, lambda: _trained("aware", AWARE, RankGroup(CPU), 1), tmp_path)
    for tensors, figures, each in told:
        assert figures == pytest.approx(one[1], rel=1e-5)
        assert torch.allclose(each[0], one[2][0], rtol=1e-5)
        assert torch.equal(each[1], one[2][1])
        assert torch.equal(tensors["timesteps.counts"], one[0]["timesteps.counts"])


@forks
def test_a_rank_with_a_loss_that_is_no_number_skips_the_step_of_all(tmp_path: Path) -> None:
    def skipped() -> tuple[bool, int]:
        trainer = _trainer("plain", CONFIG, RankGroup(CPU))
        before = [p.clone() for p in trainer.model.parameters()]
        if trainer.ranks.rank == 1:
            nan = torch.full((8, 1, 8, 8), torch.nan)
            trainer.batches.noise = lambda *_: nan  # type: ignore[method-assign]
        trainer.step()
        same = all(map(torch.equal, before, trainer.model.parameters()))
        return same, trainer.step_number

    assert on_ranks(2, skipped, tmp_path) == [(True, 1)] * 2


@forks
def test_in_bf16_and_with_dropout_all_ranks_keep_the_same_weights(tmp_path: Path) -> None:
    def trained() -> list[torch.Tensor]:
        torch.manual_seed(0)
        images = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 1), dtype=np.uint8)
        config = replace(CONFIG, precision="bf16", batch_size=2, accumulation=4)
        process = DiffusionProcess(NoiseSchedule.linear(100))
        group = RankGroup(CPU)
        trainer = Trainer(UNet(NET.with_fields(dropout=0.3)), process, images, config, None, group)
        for _ in range(3):
            trainer.step()
        return [p.detach() for p in trainer.model.parameters()]

    first, second = on_ranks(2, trained, tmp_path)
    assert all(map(torch.equal, first, second))


@forks
def test_a_wish_to_confer_reaches_all_with_the_same_step(tmp_path: Path) -> None:
    def heard() -> list[float]:
        group = RankGroup(CPU)
        trainer, told = _trainer("plain", CONFIG, group), []
        for step in range(3):
            group.confer_requested = step == 1 and dist.get_rank() == 1
            trainer.step()
            told.append(float(group.confer_requests))
        return told

    assert on_ranks(2, heard, tmp_path) == [[0.0, 1.0, 0.0]] * 2


def test_a_batch_smaller_than_the_ranks_is_refused() -> None:
    class Third(Ranks):
        rank, size = 2, 3

    assert Third().local_slice(8) == slice(5, 8)
    with pytest.raises(ValueError, match="a batch of 2 can't be shared by 3 ranks"):
        _trainer("plain", replace(CONFIG, batch_size=2), Third())
