"""Peak memory of training: what a fresh process grows by in a few steps, ours and the peers'.

``python -m tests.benchmarks.memory SIDE PRECISION`` is such a process: all is imported, then the
memory in use is noted, network, optimiser and average are built, and four steps are taken. The
growth is the highest resident memory of the process less what was noted.
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
# What a peer's training step loads beside its network.
_IMPORTS = {
    "diffusers": "diffusers.training_utils",
    "denoising-diffusion-pytorch": "ema_pytorch",
}


def measure(rounds: int) -> list[Figure]:
    """Compare in both precisions; memory hardly varies, so three rounds at most."""
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
    """Take the steps of one side and print the growth in MiB."""
    import psutil
    import torch

    build = _builder(side, precision)
    # What the first optimiser and the first kernels load is no memory of the training.
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
    """Highest resident memory of this process, in bytes."""
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main(*sys.argv[1:3])
