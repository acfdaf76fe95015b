"""20 steps of DPM-Solver++ against 1000 of ancestral sampling: Fréchet distance to the data.

Both variants are measured [Lu et al. 2022]: stochastic, as ancestral sampling, and deterministic.

A small network learns the 10,000 Fashion-MNIST pictures that ship with the program, at 8 px. Its
samples and the pictures are compared in a fixed feature space: the responses of two layers of
random convolutions, averaged over the picture.
"""

from __future__ import annotations

import gzip

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm_studio import paths
from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    Trainer,
    TrainingConfig,
    UNet,
    UNetConfig,
)
from ddpm_studio.engine.pixels import to_model, to_uint8
from ddpm_studio.engine.samplers import SAMPLERS
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from ddpm_studio.jobs.drawing.evaluator import Evaluator
from tests.benchmarks.figures import Figure, UnavailableError

_STEPS, _BATCH = 4000, 32
_SAMPLES = 384
_FEW, _FLOW = 20, 250
_SIDE, _HEADER = 28, 16
NETWORK = UNetConfig(8, 8, 1, 32, (1, 2), 1, (4,), dropout=0.0)

Images = npt.NDArray[np.uint8]
Moments = tuple[Tensor, Tensor]


def measure(rounds: int) -> list[Figure]:
    """Train once, sample with each sampler from the same noise, compare all with the pictures."""
    pictures = fashion()
    trainer = _trained(pictures)
    data = moments(features(pictures))

    def distance(sampler: str, steps: int) -> float:
        return frechet(moments(features(_drawn(trainer, sampler, steps))), data)

    many = distance("ddpm", 1000)
    sde, ode = distance("dpm++2m-sde", _FEW), distance("dpm++2m", _FEW)
    half = len(pictures) // 2
    floor = frechet(moments(features(pictures[:half])), moments(features(pictures[half:])))
    common: dict[str, object] = {
        "distance_of_1000": float(f"{many:.4g}"),
        "distance_of_halves_of_the_data": float(f"{floor:.4g}"),
        "samples": _SAMPLES,
        "training_steps": _STEPS,
    }
    # A deterministic sampler can come no nearer than the flow that it follows.
    flow = distance("ddim", _FLOW)
    limit = {
        "limit": f"{flow / many:.3g}: {_FLOW} steps along the same probability flow",
        "stands_between": "the network: added noise corrects its errors, the flow keeps them",
    }
    return [
        Figure(
            f"distance of {_FEW} SDE-DPM-Solver++ 2M steps / of 1000 ancestral",
            sde / many,
            "×",
            at_most=1.05,
            details={"distance": float(f"{sde:.4g}"), **common},
        ),
        Figure(
            f"distance of {_FEW} DPM-Solver++ 2M steps / of 1000 ancestral",
            ode / many,
            "×",
            at_most=1.05,
            details={"distance": float(f"{ode:.4g}"), **common, **limit},
        ),
    ]


def fashion() -> Images:
    """Return the pictures padded to 32 px and reduced to a quarter of that: uint8 (N, 8, 8, 1)."""
    file = paths.resources_dir() / "data/fashion-mnist/t10k-images-idx3-ubyte.gz"
    if not file.exists():
        raise UnavailableError("the sample pictures are not there")
    raw = np.frombuffer(gzip.decompress(file.read_bytes()), np.uint8, offset=_HEADER)
    wide = np.pad(raw.reshape(-1, _SIDE, _SIDE), ((0, 0), (2, 2), (2, 2)))
    small = wide.reshape(len(wide), 8, 4, 8, 4).mean((2, 4)).round()
    pictures: Images = small.astype(np.uint8)[..., None]
    return pictures


def _trained(pictures: Images) -> Trainer:
    torch.manual_seed(0)
    trainer = Trainer(
        UNet(NETWORK),
        DiffusionProcess(NoiseSchedule.linear()),
        pictures,
        TrainingConfig(_BATCH, learning_rate=5e-4, warmup_steps=50, ema_decay=0.999),
    )
    for _ in range(_STEPS):
        trainer.step()
    return trainer


def _drawn(trainer: Trainer, sampler: str, steps: int) -> Images:
    network = trainer.ema.model
    assert isinstance(network, UNet)
    noise = PictureNoise(1, range(_SAMPLES), trainer.device)
    walk = run_sampler(
        SAMPLERS[sampler],
        trainer.process,
        Evaluator(network, trainer.device),
        noise.draw((1, 8, 8)),
        noise,
        steps,
        0.0,
        trainer.process.schedule.T,
    )
    for frame in walk:
        x = frame.x_t
    drawn: Images = to_uint8(x).numpy()
    return drawn


@torch.no_grad()
def features(pictures: Images) -> Tensor:
    """Return the features of pictures, uint8 (N, 8, 8, 1): float64 (N, 64)."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randn(32, 1, 4, 4, generator=generator) / 4
    second = torch.randn(64, 32, 4, 4, generator=generator) / (4 * 32**0.5)
    x = F.relu(F.conv2d(to_model(torch.from_numpy(pictures)), first))
    return F.relu(F.conv2d(x, second)).mean((2, 3)).double()


def moments(of: Tensor) -> Moments:
    """Return mean and covariance of features."""
    return of.mean(0), torch.cov(of.T)


def frechet(a: Moments, b: Moments) -> float:
    """Fréchet distance |μ_a − μ_b|² + tr(Σ_a + Σ_b − 2(Σ_a Σ_b)^½) [Heusel et al. 2017]."""
    (mean_a, cov_a), (mean_b, cov_b) = a, b
    values, vectors = torch.linalg.eigh(cov_a)
    root = vectors * values.clamp(min=0).sqrt() @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_b @ root).clamp(min=0).sqrt().sum()
    return float((mean_a - mean_b).square().sum() + cov_a.trace() + cov_b.trace() - 2 * cross)
