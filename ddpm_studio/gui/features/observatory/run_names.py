"""Names of runs that stand beside each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def told_apart(runs: Sequence[Path]) -> list[str]:
    """Return what each run is called: its name, with as much of its path as tells it apart."""
    ways = [(run.name, f"{run.parent.name}/{run.name}", str(run)) for run in runs]
    taken = [Counter(words) for words in zip(*ways, strict=True)]
    return [
        next((one for one, count in zip(way, taken, strict=True) if count[one] == 1), way[-1])
        for way in ways
    ]
