"""Training speed and choice of threads with and without two other programs that use a core each."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.figures import Figure, UnavailableError
from tests.benchmarks.run_watch import RunWatch

_LOOPS = 2
_BATCH = 16
_ALONE_SECONDS, _FIRST_SECONDS, _MEASURED_SECONDS = 15.0, 60.0, 60.0


def measure(rounds: int) -> list[Figure]:
    """Train with the automatic number of threads and with each fixed one, ``rounds`` times.

    Three rounds at most; each training takes two and a half minutes.
    """
    cores = os.cpu_count() or 1
    if cores < 2:
        raise UnavailableError("there is one core: there are no threads to choose")
    rounds = min(rounds, 3)
    numbers = sorted({1, cores // 2, cores} - {0})
    busy: dict[int | None, list[float]] = {number: [] for number in (None, *numbers)}
    quiet: dict[int | None, list[float]] = {None: [], cores: []}
    for number in range(rounds):
        # In turns, in reverse order every other round, as the machine's speed drifts.
        turn = 1 if number % 2 == 0 else -1
        for threads in list(busy)[::turn]:
            busy[threads].append(_pictures_a_second(threads, _LOOPS))
        for threads in list(quiet)[::turn]:
            quiet[threads].append(_pictures_a_second(threads, 0))
    beside = {threads: statistics.median(found) for threads, found in busy.items()}
    alone = {threads: statistics.median(found) for threads, found in quiet.items()}
    best = max(numbers, key=lambda threads: beside[threads])
    told = {"chosen" if key is None else str(key): round(x, 2) for key, x in beside.items()}
    details: dict[str, object] = {"rounds": rounds, "pictures_per_second": told}
    return [
        Figure(
            f"beside {_LOOPS} busy loops: chosen threads / the best fixed ({best})",
            beside[None] / beside[best],
            "×",
            at_least=0.8,
            details=details,
        ),
        Figure(
            "alone: chosen threads / all of them",
            alone[None] / alone[cores],
            "×",
            at_least=0.98,
            details={"pictures_per_second": [round(alone[None], 2), round(alone[cores], 2)]},
        ),
    ]


def _pictures_a_second(threads: int | None, loops: int) -> float:
    """Train in the terminal; return pictures a second over the second minute of the loops."""
    from ddpm_studio.data.samples import sample_sets

    source = next(sample.path for sample in sample_sets() if sample.name == "fashion-mnist")
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        words = [sys.executable, "-m", "ddpm_studio", "train", str(source), "--run", str(run)]
        words += ["--steps", "10000000", "--batch-size", str(_BATCH), "--sample-count", "0"]
        words += ["--device", "cpu"] + ([] if threads is None else ["--threads", str(threads)])
        training = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        busy: list[subprocess.Popen[bytes]] = []
        try:
            watch = RunWatch(run)
            while not watch.seen:
                watch.look()
                time.sleep(0.05)
            time.sleep(_ALONE_SECONDS)
            busy += [
                subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(loops)
            ]
            begun = time.monotonic()
            while time.monotonic() < begun + _FIRST_SECONDS + _MEASURED_SECONDS:
                watch.look()
                time.sleep(0.05)
        finally:
            for loop in busy:
                loop.kill()
                loop.wait()
            training.send_signal(signal.SIGINT)
            training.wait(60)
    return _BATCH * watch.rate(begun + _FIRST_SECONDS)
