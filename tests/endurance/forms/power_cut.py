"""A power cut after any write of a checkpoint leaves the old or the new one intact.

As in ``tests/runs/test_power_cut.py``, with subsets of the last directory changes not flushed.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from tests.endurance.outcome import Outcome
from tests.runs.test_power_cut import CASES, cut_everywhere, new_run

_SUBSETS = 6


def endure(scale: float) -> Outcome:
    """Check every state that a power cut may leave, for several ways of saving."""
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
