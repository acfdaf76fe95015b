"""Each reader of files is fed changed files for ten minutes of processor time."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.endurance.outcome import Outcome
from tests.hostile.fuzz import fuzz
from tests.hostile.targets import TARGETS

_SECONDS = 600.0


def endure(scale: float) -> Outcome:
    """Fuzz all of them, one after another."""
    with tempfile.TemporaryDirectory() as place:
        results = [fuzz(name, _SECONDS * scale, 0, Path(place)) for name in TARGETS]
    passed = not any(result.findings for result in results)
    return Outcome(passed, {result.reader: asdict(result) for result in results})
