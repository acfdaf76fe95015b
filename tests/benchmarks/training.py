"""Speed of a training step, 64-wide 32-px network: noising, loss, gradient, clipping, Adam, EMA."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    Precision,
    Trainer,
    TrainingConfig,
    UNet,
)
from ddpm_studio.jobs.machine.device import choose_precision
from tests.benchmarks.figures import Figure
from tests.benchmarks.pairs import compare
from tests.benchmarks.peers import peers
from tests.benchmarks.shapes import BATCH, CONFIG, pictures


def measure(rounds: int) -> list[Figure]:
    """Compare in float32, in bf16, and with each one's default: the peers' is float32."""
    figures = []
    shipped = choose_precision("auto", torch.device("cpu"))
    for name, ours, bf16, target in (
        ("training step, both float32", our_step("float32"), False, 1.15),
        ("training step, both bf16", our_step("bf16"), True, 1.15),
        (f"training step as shipped ({shipped})", our_step(shipped), False, 1.8),
    ):
        steps = {peer.name: peer.step(peer.network(), BATCH, "cpu", bf16) for peer in peers()}
        figures += compare(ours, steps, rounds).figures(name, target, BATCH)
    return figures


def our_step(precision: Precision, batch: int = BATCH) -> Callable[[], float]:
    """Return a function that takes our training step and reads its loss, as the peers do."""
    torch.manual_seed(0)
    process = DiffusionProcess(NoiseSchedule.linear())
    config = TrainingConfig(batch_size=batch, precision=precision)
    trainer = Trainer(UNet(CONFIG), process, pictures(), config)
    return lambda: trainer.step().loss.item()
