"""Ancestral sampling: evaluations of the network, and all that a step does around them."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, PictureNoise, UNet, ancestral
from ddpm_studio.jobs.drawing import Evaluator
from tests.benchmarks.figures import Figure
from tests.benchmarks.pairs import compare
from tests.benchmarks.peers import peers
from tests.benchmarks.shapes import BATCH, CONFIG

EVALUATIONS = 5


def measure(rounds: int) -> list[Figure]:
    """Compare a walk of a few evaluations in equal precision and as each ships."""
    walks = {
        peer.name: peer.walk(peer.network(), BATCH, EVALUATIONS, "cpu", False) for peer in peers()
    }
    comparison = compare(our_walk(), walks, rounds)
    return comparison.figures("sampling, both float32", 1.3, EVALUATIONS * BATCH)


def our_walk(
    device: str = "cpu", batch: int = BATCH, evaluations: int = EVALUATIONS
) -> Callable[[], object]:
    """Return a walk with our ancestral sampler from noise to pictures."""
    network = UNet(CONFIG).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    evaluator = Evaluator(network.eval(), torch.device(device))
    process = DiffusionProcess(NoiseSchedule.linear().strided(evaluations))
    shape = (CONFIG.channels, CONFIG.image_size, CONFIG.image_size)

    def walk() -> object:
        noise = PictureNoise(0, range(batch), device)
        for frame in ancestral(process, evaluator, noise.draw(shape), noise):
            x = frame.x_t
        return x.cpu().numpy()

    return walk
