"""Seconds from the first launch to a picture sampled from a model, after one click."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ddpm_studio.runs.ready import ready_runs
from tests.benchmarks.figures import Figure, UnavailableError
from tests.first_picture import SCRIPT


def measure(rounds: int) -> list[Figure]:
    """Return the median over ``rounds`` launches after a warm-up, each with a new profile."""
    if not ready_runs():
        raise UnavailableError("no ready model ships with this tree")
    times = [_launch() for _ in range(rounds + 1)][1:]
    details: dict[str, object] = {"rounds": rounds, "clicks": 1, "model": ready_runs()[0].name}
    seconds = statistics.median(times)
    return [Figure("launch to a picture of a model", seconds, "s", at_most=6.0, details=details)]


def _launch() -> float:
    with tempfile.TemporaryDirectory(prefix="profile-") as profile:
        own = {f"DDPM_STUDIO_{name}": str(Path(profile) / name) for name in ("CONFIG", "RUNS")}
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, **own}
        # Nor may the results that a launch caches help the next one.
        environment["DDPM_STUDIO_CACHE"] = str(Path(profile) / "CACHE")
        begun = time.time()
        words = [sys.executable, "-c", SCRIPT]
        ended = subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True)
        told = json.loads(ended.stdout)
        assert told["clicks"] == 1
        return float(told["drawn"]) - begun
