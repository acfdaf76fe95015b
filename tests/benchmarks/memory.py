"""Peak memory of training: the growth of a new process in a few steps, ours and the peers'.

``python -m tests.benchmarks.memory SIDE PRECISION`` is such a process: it imports all modules,
notes the memory in use, builds network, optimiser and average, and takes four steps. The growth
is the process's peak resident memory minus what was noted.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable

from tests.benchmarks.figures import Figure, UnavailableError
from tests.benchmarks.peers import peers
from tests.benchmarks.shapes import BATCH

_STEPS = 4
_OURS = "ours"
_MIB = 1 << 20
# Modules that a peer's training step needs besides its network.
_IMPORTS = {
    "diffusers": "diffusers.training_utils",
    "denoising-diffusion-pytorch": "ema_pytorch",
}


def measure(rounds: int) -> list[Figure]:
    """Compare in both precisions, in three rounds at most, for memory hardly varies."""
    figures = []
    for precision in ("float32", "bf16"):
        ours = min(_growth(_OURS, precision) for _ in range(min(rounds, 3)))
        for peer in peers():
            theirs = min(_growth(peer.name, precision) for _ in range(min(rounds, 3)))
            title = f"training memory peak, both {precision}, against {peer.name}"
            details: dict[str, object] = {
                "ours_mib": round(ours),
                "peer_mib": round(theirs),
                "batch": BATCH,
                "steps": _STEPS,
            }
            figures.append(Figure(title, ours / theirs, "×", at_most=0.85, details=details))
    return figures


def _growth(side: str, precision: str) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.memory", side, precision]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"{side} could not be measured: {done.stderr[-300:]}")
    return float(done.stdout.split()[-1])


def main(side: str, precision: str) -> None:
    """Run the steps of one side in this process, and print the growth in MiB."""
    import psutil
    import torch

    build = _builder(side, precision)
    # Libraries that the first optimiser and kernels load do not count as memory of the training.
    weight = torch.nn.Parameter(torch.zeros(1))
    torch.optim.AdamW([weight], fused=True)
    process = psutil.Process()
    before = process.memory_info().rss
    step = build()
    for _ in range(_STEPS):
        step()
    print((_peak() - before) / _MIB)


def _builder(side: str, precision: str) -> Callable[[], Callable[[], float]]:
    import torch

    from tests.benchmarks.training import our_step

    if side == _OURS:
        return lambda: our_step("bf16" if precision == "bf16" else "float32")
    peer = next(peer for peer in peers() if peer.name == side)
    with torch.device("meta"):
        peer.network()
    importlib.import_module(_IMPORTS[side])
    return lambda: peer.step(peer.network(), BATCH, "cpu", precision == "bf16")


def _peak() -> int:
    """Return the peak resident memory of this process, in bytes."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main(*sys.argv[1:3])
