"""Compare the window's responsiveness with that of another checkout, in alternating rounds.

``python -m tests.benchmarks.window_against CHECKOUT [--rounds N] [--seconds S]``: CHECKOUT, for
example of an earlier version, has the benchmark ``window``, and an environment of its own in
``.venv`` if it needs one. Both train the recipe of 0.1.0, in the precision that the other
checkout's first launch finds to be faster. Three rounds of 15 seconds take about four minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.launching import bytecode_kept
from tests.recipe import PAPER

ROOT = Path(__file__).resolve().parents[2]
_WARM_SECONDS = 2.0

# Direction of improvement: -1 if less is better, 1 if more is.
FIGURES = {
    "p99_ms": ("a 10 ms timer while training: p99, ms", -1),
    "longest_ms": ("a 10 ms timer while training: longest gap, ms", -1),
    "steps_per_second": ("training steps a second in the window", 1),
    "steps_before_start": ("training steps before a request starts", -1),
    "usable_s": ("launch to torch loaded and a model open, s", -1),
}


def lives(checkout: Path, seconds: float, cache: Path) -> dict[str, Any]:
    """Run a checkout's window and train in it; return its figures.

    Args:
        checkout: the folder of the checkout.
        seconds: the seconds of training that are measured.
        cache: its cache folder, which keeps the measurements of the machine.
    """
    own = checkout / ".venv" / "bin" / "python"
    python = str(own) if checkout != ROOT and own.exists() else sys.executable
    settings = [json.dumps(PAPER | {"class_conditional": False})] if checkout == ROOT else []
    with tempfile.TemporaryDirectory() as folder:
        words = [python, "-m", "tests.benchmarks.window", folder, str(seconds), *settings]
        environment = {
            **os.environ,
            **{f"DDPM_STUDIO_{name}": f"{folder}/{name.lower()}" for name in ("CONFIG", "RUNS")},
            "DDPM_STUDIO_CACHE": str(cache),
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(checkout),
            "LAUNCHED_AT": str(time.time()),
        }
        done = subprocess.run(
            words, cwd=checkout, env=environment, stdout=subprocess.PIPE, check=True
        )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Run the command: measure in turns, and print theirs, ours, and the median of the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0)
    options = parser.parse_args()
    both = {"theirs": options.checkout.resolve(), "ours": ROOT}
    seen: dict[str, list[dict[str, Any]]] = {name: [] for name in both}
    with bytecode_kept(), tempfile.TemporaryDirectory() as kept:
        caches = {name: Path(kept) / name for name in both}
        for name, checkout in both.items():
            caches[name].mkdir()
            # Each would compare bf16 with float32 itself, and might choose differently.
            if (tried := caches["theirs"] / "precision.json").exists() and name != "theirs":
                shutil.copy(tried, caches[name])
            lives(checkout, _WARM_SECONDS, caches[name])
        for number in range(options.rounds):
            for name in list(both) if number % 2 == 0 else list(both)[::-1]:
                seen[name].append(lives(both[name], options.seconds, caches[name]))
                print(number + 1, name, json.dumps(seen[name][-1]), flush=True)
    print(f"{'':50} {'theirs':>9} {'ours':>9} {'ours/theirs':>12}")
    for key, (title, better) in FIGURES.items():
        theirs, ours = ([one[key] for one in seen[name]] for name in both)
        ratios = [b / a for a, b in zip(theirs, ours, strict=True) if a]
        ratio = f"{statistics.median(ratios):12.3f}" if ratios else f"{'':12}"
        arrow = "less is better" if better < 0 else "more is better"
        middle = f"{statistics.median(theirs):9.3f} {statistics.median(ours):9.3f}"
        print(f"{title:50} {middle} {ratio}  {arrow}")


if __name__ == "__main__":
    main()
