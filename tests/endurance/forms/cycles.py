"""1,000 trainings are started and cancelled in the window without any leak."""

from __future__ import annotations

from tests.endurance.living_window import live
from tests.endurance.outcome import Outcome
from tests.endurance.steadiness import judge

_CYCLES = 1000


def endure(scale: float = 1.0) -> Outcome:
    """Start and cancel ``scale`` × 1,000 trainings, after varying delays."""
    return judge(live("cycles", max(5, _CYCLES * scale)))
