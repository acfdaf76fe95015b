"""Speed of ancestral sampling: network evaluations, and all the rest of a step."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    Precision,
    UNet,
    ancestral,
    to_bf16,
)
from ddpm_studio.jobs.drawing.evaluator import Evaluator
from ddpm_studio.jobs.machine.device import choose_precision
from tests.benchmarks.figures import Figure
from tests.benchmarks.pairs import compare
from tests.benchmarks.peers import peers
from tests.benchmarks.shapes import BATCH, CONFIG

EVALUATIONS = 5


def measure(rounds: int) -> list[Figure]:
    """Compare sampling of a few evaluations, in equal precision and with each one's default."""
    figures = []
    shipped = choose_precision("auto", torch.device("cpu"))
    for name, ours, bf16, target in (
        ("sampling, both float32", our_walk("float32"), False, 1.3),
        ("sampling, both bf16", our_walk("bf16"), True, 1.3),
        (f"sampling as shipped ({shipped})", our_walk(shipped), False, 2.0),
    ):
        walks = {
            peer.name: peer.walk(peer.network(), BATCH, EVALUATIONS, "cpu", bf16)
            for peer in peers()
        }
        figures += compare(ours, walks, rounds).figures(name, target, EVALUATIONS * BATCH)
    return figures


def our_walk(
    precision: Precision,
    device: str = "cpu",
    batch: int = BATCH,
    evaluations: int = EVALUATIONS,
) -> Callable[[], object]:
    """Return a function that samples with our ancestral sampler, from noise to pictures."""
    layout = torch.channels_last
    network = UNet(CONFIG).to(device, memory_format=layout).eval()  # type: ignore[call-overload]
    half = precision == "bf16"
    evaluator = Evaluator(to_bf16(network) if half else network, torch.device(device))
    process = DiffusionProcess(NoiseSchedule.linear().strided(evaluations))
    shape = CONFIG.shape

    def walk() -> object:
        noise = PictureNoise(0, range(batch), device)
        for frame in ancestral(process, evaluator, noise.draw(shape), noise):
            x = frame.x_t
        return x.cpu().numpy()

    return walk
