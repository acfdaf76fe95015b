"""DDPM's CIFAR-10 network on a GPU: training and sampling against peers, FLOP/s, determinism.

Ours is measured as in a long training or sampling, which compiles its network once; the time to
compile, and the ratio without compilation, are also reported.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    Trainer,
    TrainingConfig,
    UNet,
    ancestral,
    to_bf16,
)
from ddpm_studio.jobs.machine.compiling import DrawingNetwork
from ddpm_studio.jobs.machine.device import choose_precision, deterministic
from tests.benchmarks.figures import Figure, UnavailableError
from tests.benchmarks.pairs import compare
from tests.benchmarks.peers import peers
from tests.benchmarks.shapes import GPU_BATCH, GPU_CONFIG, pictures

_STEPS = 10
_IMAGES = 256
_EVALUATIONS = 1000
_WARM_EVALUATIONS = 10
_MATRIX = 8192
_REPEATS = 10


def training(rounds: int) -> list[Figure]:
    """Compare training with the peers, with and without compilation of the network."""
    _need_gpu()
    rate = _matrix_rate()
    figures = [Figure("bf16 matrix product of 8192, measured", rate / 1e12, "TFLOP/s")]
    trainer = _trainer()
    theirs = {
        peer.name: _several(peer.step(peer.network(), GPU_BATCH, "cuda", False))
        for peer in peers(GPU_CONFIG)
    }
    work = _STEPS * GPU_BATCH
    figures += compare(_steps(trainer), theirs, rounds).figures(
        "training ddpm32, batch 128, not compiled", None, work
    )
    begun = time.perf_counter()
    trainer.compile()
    took = time.perf_counter() - begun
    both = compare(_steps(trainer), theirs, rounds)
    figures += both.figures("training ddpm32, batch 128, compiled", 3.0, work)
    flops = _flops_per_picture()
    share = flops * work / statistics.median(both.ours) / rate
    details: dict[str, object] = {
        "precision": trainer.config.precision,
        "gflop_per_picture": round(flops / 1e9, 2),
        "compiled_in_seconds": round(took, 1),
        "peak_mib": torch.cuda.max_memory_allocated() >> 20,
    }
    name = "fraction of the measured matrix rate, training"
    return [*figures, Figure(name, share, "", at_least=0.30, details=details)]


def ordered(rounds: int) -> list[Figure]:
    """Measure what deterministic algorithms cost, both without compilation."""
    _need_gpu()
    usual = _steps(_trainer())
    with deterministic(True, torch.device("cuda")):
        in_order = _steps(_trainer())
        in_order()

    def deterministically() -> None:
        with deterministic(True, torch.device("cuda")):
            in_order()

    both = compare(usual, {"deterministic": deterministically}, rounds)
    return [Figure("deterministic training over the usual", both.ratio("deterministic"), "× time")]


def sampling(rounds: int) -> list[Figure]:
    """Compare one whole sampling of each, whatever ``rounds``: a peer's takes most of a minute."""
    _need_gpu()
    half = to_bf16(UNet(GPU_CONFIG).to("cuda").eval())
    ours = {
        "not compiled": DrawingNetwork(half, lambda n, x, t: n(x, t), _WARM_EVALUATIONS),
        "compiled": DrawingNetwork(half, lambda n, x, t: n(x, t), 10**9),
    }
    seconds = {}
    for name, network in ours.items():
        _walk(network, 4 * _WARM_EVALUATIONS)
        seconds[name] = _timed(lambda network=network: _walk(network, _EVALUATIONS))  # type: ignore[misc]
    figures = []
    for peer in peers(GPU_CONFIG):
        its = peer.network()
        peer.walk(its, _IMAGES, _WARM_EVALUATIONS, "cuda", False)()
        theirs = _timed(peer.walk(its, _IMAGES, _EVALUATIONS, "cuda", False))
        for name, taken in seconds.items():
            title = f"1000-step sampling of 256 images, {name}, against {peer.name}"
            details: dict[str, object] = {
                "ours_seconds": round(taken, 2),
                "peer_seconds": round(theirs, 2),
            }
            target = 4.0 if name == "compiled" else None
            figures.append(Figure(title, theirs / taken, "×", target, details=details))
    return figures


def _need_gpu() -> None:
    if not torch.cuda.is_available():
        raise UnavailableError("there is no CUDA device")


def _trainer() -> Trainer:
    torch.manual_seed(0)
    process = DiffusionProcess(NoiseSchedule.linear())
    precision = choose_precision("auto", torch.device("cuda"))
    config = TrainingConfig(batch_size=GPU_BATCH, precision=precision)
    return Trainer(UNet(GPU_CONFIG).to("cuda"), process, pictures(GPU_CONFIG), config)


def _steps(trainer: Trainer) -> Callable[[], None]:
    """Return a function that takes some steps and reads the losses at the end, as training does."""

    def steps() -> None:
        losses = [trainer.step().loss for _ in range(_STEPS)]
        torch.stack(losses).tolist()

    return steps


def _several(step: Callable[[], float]) -> Callable[[], None]:
    def steps() -> None:
        for _ in range(_STEPS):
            step()

    return steps


def _walk(network: DrawingNetwork, evaluations: int) -> None:
    process = DiffusionProcess(NoiseSchedule.linear().strided(evaluations))
    noise = PictureNoise(0, range(_IMAGES), "cuda")
    x = noise.draw(GPU_CONFIG.shape)
    with torch.no_grad():
        for frame in ancestral(process, network, x, noise):
            x = frame.x_t
    x.cpu()


def _timed(work: Callable[[], object]) -> float:
    torch.cuda.synchronize()
    begun = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - begun


def _matrix_rate() -> float:
    """Return the FLOP/s of a large matrix product in bf16, on random numbers."""
    a, b = (torch.randn(_MATRIX, _MATRIX, device="cuda").bfloat16() for _ in range(2))
    a @ b
    seconds = statistics.median(_timed(lambda: [a @ b for _ in range(_REPEATS)]) for _ in range(5))
    return 2.0 * _MATRIX**3 * _REPEATS / seconds


def _flops_per_picture() -> float:
    """Return the FLOPs of a forward and a backward pass, two for each multiply-add."""
    network = UNet(GPU_CONFIG)
    shape = (1, *GPU_CONFIG.shape)
    with FlopCounterMode(display=False) as counter:
        network(torch.randn(shape), torch.zeros(1, dtype=torch.long)).sum().backward()
    return float(counter.get_total_flops())
