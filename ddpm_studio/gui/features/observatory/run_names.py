"""Unique display names of runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path


def unique_names(runs: Sequence[Path]) -> list[str]:
    """Return a display name for each run: its name, with as much of the path as makes it unique."""
    candidates = [(run.name, f"{run.parent.name}/{run.name}", str(run)) for run in runs]
    counts = [Counter(column) for column in zip(*candidates, strict=True)]
    return [
        next(
            (name for name, count in zip(names, counts, strict=True) if count[name] == 1), names[-1]
        )
        for names in candidates
    ]
