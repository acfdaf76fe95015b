"""Loss after training in bf16, compared with float32, all else equal."""

from __future__ import annotations

import statistics

import torch

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    Precision,
    Trainer,
    TrainingConfig,
    UNet,
)
from tests.benchmarks.few_steps import NETWORK, fashion
from tests.benchmarks.figures import Figure

_STEPS, _LAST, _BATCH = 600, 200, 16


def measure(rounds: int) -> list[Figure]:
    """Train in both from the same seed, so that noise and t of each step are the same."""
    exact, coarse = _loss("float32"), _loss("bf16")
    details: dict[str, object] = {
        "float32": float(f"{exact:.5g}"),
        "bf16": float(f"{coarse:.5g}"),
        "steps": _STEPS,
        "mean_of_the_last": _LAST,
    }
    return [Figure("loss in bf16 / in float32", coarse / exact, "×", at_most=1.01, details=details)]


def _loss(precision: Precision) -> float:
    torch.manual_seed(0)
    trainer = Trainer(
        UNet(NETWORK),
        DiffusionProcess(NoiseSchedule.linear()),
        fashion(),
        TrainingConfig(_BATCH, learning_rate=5e-4, warmup_steps=50, precision=precision),
    )
    losses = [trainer.step().loss.item() for _ in range(_STEPS)]
    return statistics.mean(losses[-_LAST:])
