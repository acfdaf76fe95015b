"""Training in the window while 500-frame animations are written: its speed, and cancelling.

``python -m tests.benchmarks.exporting FOLDER`` does this once and prints JSON.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tests.benchmarks.figures import Figure

if TYPE_CHECKING:
    from ddpm_studio.backend import JobHandle
    from ddpm_studio.progress import Progress

_FRAMES, _SIDE = 500, 256
_SECONDS, _WARM_SECONDS = 10.0, 4.0
_BATCH = 16
_KINDS = ("mp4", "gif")
_SCALE = 2
_CANCELS = 5


def measure(rounds: int) -> list[Figure]:
    """Launch, train and export ``rounds`` times, 3 at most."""
    seen = []
    for _ in range(min(rounds, 3)):
        with tempfile.TemporaryDirectory() as folder:
            seen.append(_launched(Path(folder)))
    details: dict[str, object] = {"rounds": len(seen), "frames": _FRAMES, "side": _SIDE * _SCALE}
    figures = []
    for kind in _KINDS:
        before = statistics.median(one["before"] for one in seen)
        during = statistics.median(one[kind]["rate"] for one in seen)
        seconds = statistics.median(one[kind]["seconds"] for one in seen)
        gap = max(one[kind]["gap"] for one in seen)
        progress = min(one[kind]["progress"] for one in seen)
        cancel = max(one[kind]["cancel"] for one in seen)
        left = sum(one[kind]["left"] for one in seen)
        words = f"writing {_FRAMES} frames as {kind}"
        told = {**details, "before": before, "during": during}
        figures += [
            Figure(
                f"pictures/s trained while {words} / before", during / before, "×", details=told
            ),
            Figure(f"longest time between two steps while {words}", gap, "s", at_most=0.5),
            Figure(f"{words}: time", seconds, "s", details=details),
            Figure(f"{words}: values of progress that came", progress, "", 5),
            Figure(f"{words}: longest time from cancel to the end", cancel, "s", at_most=0.3),
            Figure(f"{words}: files left by {_CANCELS} that were cancelled", left, "", at_most=0),
        ]
    return figures


def _launched(folder: Path) -> dict[str, Any]:
    words = [sys.executable, "-m", "tests.benchmarks.exporting", str(folder)]
    own = {
        f"DDPM_STUDIO_{name}": str(folder / name.lower()) for name in ("CONFIG", "CACHE", "RUNS")
    }
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **own}
    finished = subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return found


def _frames() -> list[npt.NDArray[np.uint8]]:
    """Return frames such as those of a reverse process: noise that turns into a smooth picture."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] / _SIDE
    soft = np.stack([x, y, (x + y) / 2], axis=-1) * 255
    noise = rng.normal(128, 60, (_SIDE, _SIDE, 3))
    shares = np.linspace(0, 1, _FRAMES)
    return [
        (share * soft + (1 - share) * noise).clip(0, 255).round().astype(np.uint8)
        for share in shares
    ]


class _Steps:
    """Records when each step of a training was taken, as often as it looks."""

    def __init__(self, training: JobHandle[Any]) -> None:
        self._training = training
        self.seen: list[tuple[float, int]] = []

    def look(self) -> None:
        """Record the last step with the time, if it is a new one."""
        progress = self._training.progress
        if progress is not None and (not self.seen or progress.done != self.seen[-1][1]):
            self.seen.append((time.monotonic(), progress.done))

    def since(self, begun: float) -> list[tuple[float, int]]:
        """Return the records since a time."""
        return [one for one in self.seen if one[0] >= begun]

    def rate(self, begun: float) -> float:
        """Return the pictures trained per second since a time."""
        seen = self.since(begun)
        return _BATCH * (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0])


def _live(folder: Path) -> dict[str, Any]:
    """Open the window, train, and write animations meanwhile; return the figures."""
    from ddpm_studio.backend import specs
    from ddpm_studio.requests import AnimationRequest
    from tests.endurance.living_window import Life

    found: dict[str, Any] = {}
    life = Life()

    def script() -> Generator[float, None, None]:
        studio = life.window.studio
        while life.backend.device is None:
            yield 0.005
        yield from life.open_pictures()
        life.start_training(batch_size=_BATCH, sample_count=0)
        yield from life.until("can_draw")
        assert studio.training is not None
        steps = _Steps(studio.training)

        def watched(until: Callable[[], bool], every: float = 0.01) -> Generator[float, None, None]:
            while not until():
                steps.look()
                yield every

        def is_over(job: JobHandle[Any]) -> Callable[[], bool]:
            return lambda: job.state.is_over

        def film() -> JobHandle[Path]:
            options = AnimationRequest(scale=_SCALE)
            spec = specs.exports.save_animation(path, lambda: frames, options=options)
            return life.backend.submit(spec)

        frames = _frames()
        path = folder
        yield _WARM_SECONDS
        begun = time.monotonic()
        yield from watched(lambda: time.monotonic() > begun + _SECONDS)
        found["before"] = steps.rate(begun)
        for kind in _KINDS:
            path = folder / f"film.{kind}"
            told: list[Progress | None] = []
            start = time.monotonic()
            job = film()
            job.changed.connect(lambda job=job, told=told: told.append(job.progress))
            yield from watched(is_over(job))
            ended = time.monotonic()
            assert path.exists(), job.failure
            path.unlink()
            times = [start, *(at for at, _ in steps.since(start)), ended]
            rate = steps.rate(start)
            late, left = [], 0
            for number in range(_CANCELS):
                job = film()
                yield (ended - start) * (number + 1) / (_CANCELS + 1)
                asked = time.monotonic()
                life.backend.cancel(job)
                yield from watched(is_over(job), 0.001)
                late.append(time.monotonic() - asked)
                left += sum(one.name.endswith(path.name) for one in folder.iterdir())
            found[kind] = {
                "rate": rate,
                "seconds": ended - start,
                "gap": max(b - a for a, b in itertools.pairwise(times)),
                "progress": len(set(told)),
                "cancel": max(late),
                "left": left,
            }
        studio.trainer.stop()
        while studio.training is not None:
            yield 0.05

    life.run(script())
    return found


if __name__ == "__main__":
    print(json.dumps(_live(Path(sys.argv[1]))))
