"""Consistency tuning: exact resumption, and convergence to the closed form on Gaussian data."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, TrainingConfig, UNet
from ddpm_studio.engine.consistency.pairs import ConsistencyConfig
from ddpm_studio.engine.consistency.trainer import ConsistencyTrainer
from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.networks.unet import UNetConfig

NET = UNetConfig(8, 8, 1, 32, (1, 2), 1, (4,), dropout=0.3)
CONFIG = TrainingConfig(batch_size=4, warmup_steps=4, ema_decay=0.9)
TUNING = ConsistencyConfig(stage_steps=2)


def _images(count: int = 10) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)


def _trainer(kind: str) -> ConsistencyTrainer:
    torch.manual_seed(0)
    if kind == "classes":
        net, labels = NET.with_fields(num_classes=3), np.arange(10) % 3
        process = DiffusionProcess(NoiseSchedule.linear(100), "v")
        return ConsistencyTrainer(UNet(net), process, _images(), CONFIG, TUNING, labels)
    schedule = NoiseSchedule.named("edm" if kind == "edm" else "cosine", 100)
    config = replace(CONFIG, accumulation=2, power_ema=(0.05, 0.1))
    return ConsistencyTrainer(
        UNet(NET), DiffusionProcess(schedule, kind), _images(), config, TUNING
    )


@pytest.mark.parametrize("kind", ["x0", "edm", "classes"])
def test_three_and_three_steps_are_six(kind: str) -> None:
    through = _trainer(kind)
    losses = [float(through.step().loss) for _ in range(6)]
    first = _trainer(kind)
    again = [float(first.step().loss) for _ in range(3)]
    saved = [
        {k: v.clone() for k, v in tensors.items()}
        for tensors in (
            first.model.state_dict(),
            first.ema.model.state_dict(),
            first.optimizer_tensors(),
            first.average_tensors(),
        )
    ]
    second = _trainer(kind)
    torch.manual_seed(12345)
    model, ema, optimizer, averages = saved
    second.load(3, model, ema, optimizer, averages)
    state = torch.get_rng_state()
    again += [float(second.step().loss) for _ in range(3)]
    assert torch.equal(state, torch.get_rng_state())
    assert again == losses
    assert all(np.isfinite(losses))
    for key, value in through.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[key]), key
    for key, value in through.ema.model.state_dict().items():
        assert torch.equal(value, second.ema.model.state_dict()[key]), key


def test_micro_batches_make_the_same_step() -> None:
    """Micro-batches give the same losses (without dropout, whose masks would differ in order)."""
    losses = []
    for size in (None, 2):
        torch.manual_seed(0)
        process = DiffusionProcess(NoiseSchedule.cosine(100), "x0")
        net = UNet(NET.with_fields(dropout=0.0))
        trainer = ConsistencyTrainer(net, process, _images(), CONFIG, TUNING)
        trainer.accelerator.micro_batch = size
        losses.append([float(trainer.step().loss) for _ in range(3)])
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)


@dataclass(frozen=True)
class TableConfig(NetworkConfig):
    kind: ClassVar[str] = "table"


class Table(Network):
    """Network x̂_0 = a_t x_t, one factor per timestep: sufficient for Gaussian data."""

    def __init__(self, start: Tensor) -> None:
        super().__init__(TableConfig(8, 8, 1))
        self.table = nn.Parameter(start.clone())

    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        return self.table[t].reshape(-1, 1, 1, 1) * x


def test_a_student_of_gaussian_data_goes_where_the_closed_form_says() -> None:
    """The student learns f(x̃, σ) = g(σ)·x̃ with g(σ) = g(r)·(s² + rσ)/(s² + σ²).

    That is the regression of x̃_r on x̃_σ. Chained down to r = 0, where g = 1, it is between the
    teacher's mean of x_0, s²/(s² + σ²), and the exact s/√(s² + σ²), to which it tends as the gaps
    close.
    """
    T = 30
    schedule = NoiseSchedule.cosine(T)
    rng = np.random.default_rng(0)
    pixels = np.clip(rng.normal(0, 0.3, (2000, 8, 8, 1)), -1, 1)
    images = np.rint((pixels + 1) * 127.5).astype(np.uint8)
    s2 = float(np.mean((images / 127.5 - 1) ** 2))
    a, sigma = schedule.alphas_cumprod.numpy(), schedule.sigmas.numpy()
    teacher = np.sqrt(a) * s2 / (a * s2 + 1 - a)
    tuning = ConsistencyConfig(stage_steps=150, stages=4)
    config = TrainingConfig(
        batch_size=64,
        warmup_steps=0,
        learning_rate=0.03,
        learning_rate_schedule="linear",
        steps=900,
    )
    trainer = ConsistencyTrainer(
        Table(torch.from_numpy(teacher).float()),
        DiffusionProcess(schedule, "x0"),
        images,
        config,
        tuning,
    )
    for _ in range(900):
        trainer.step()
    learnt = trainer.model.table.detach().double().numpy()  # type: ignore[operator]

    borders = (np.log(sigma[1:]) + np.log(sigma[:-1])) / 2
    skip = 0.03**2 / (sigma**2 + 0.03**2)
    g = np.zeros(T)
    for i in range(T):
        r = sigma[i] * (1 - (1 + 8 / (1 + np.exp(sigma[i]))) / 2**4)
        j = min(int(np.searchsorted(borders, np.log(r))), i - 1) if r > 0 else -1
        down, rho = (g[j], sigma[j]) if j >= 0 else (1.0, 0.0)
        g[i] = down * (s2 + rho * sigma[i]) / (s2 + sigma[i] ** 2)
    found = skip + (1 - skip) * learnt * np.sqrt(a)
    exact, mean = np.sqrt(s2 / (s2 + sigma**2)), s2 / (s2 + sigma**2)
    seen = sigma < 20
    np.testing.assert_allclose(found[seen], g[seen], rtol=0.12)
    # One step from noise: the teacher gives almost no spread, the student most of it.
    last = np.flatnonzero(seen)[-1]
    assert mean[last] < 0.1 * exact[last]
    assert found[last] > 0.5 * exact[last]


def test_a_step_is_short_enough_to_be_read() -> None:
    assert len(inspect.getsource(ConsistencyTrainer.step).splitlines()) <= 40
    assert len(inspect.getsource(inspect.getmodule(ConsistencyTrainer)).splitlines()) <= 140  # type: ignore[arg-type]
