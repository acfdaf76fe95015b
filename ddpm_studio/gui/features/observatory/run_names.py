"""Unique display names of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def unique_names(runs: Sequence[Path]) -> list[str]:
    """Return a display name for each run: its name, with as much of the path as makes it unique."""
    ways = [(run.name, f"{run.parent.name}/{run.name}", str(run)) for run in runs]
    counts = [Counter(words) for words in zip(*ways, strict=True)]
    return [
        next((one for one, count in zip(way, counts, strict=True) if count[one] == 1), way[-1])
        for way in ways
    ]
