"""Power cut after each write of a checkpoint: the old or the new one is there, whole.

As ``tests/runs/test_power_cut.py``, with each subset of the last names that were not flushed.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from tests.endurance.outcome import Outcome
from tests.runs.test_power_cut import CASES, cut_everywhere, new_run

_SUBSETS = 6


def endure(scale: float) -> Outcome:
    """Look at each state that a cut may leave, of four kinds of saving."""
    figures: dict[str, object] = {}
    for name, (steps, work) in CASES.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = new_run(Path(scratch) / "disk" / "run", steps)
            figures[name] = cut_everywhere(
                Path(scratch) / "cut",
                folder,
                partial(work, folder),
                round(_SUBSETS * scale),
            )
    return Outcome(True, {"states": figures})
