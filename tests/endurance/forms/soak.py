"""Two hours of training in the window with live views, without any leak."""

from __future__ import annotations

from tests.endurance.living_window import live
from tests.endurance.outcome import Outcome
from tests.endurance.steadiness import judge

_SECONDS = 7200


def endure(scale: float = 1.0) -> Outcome:
    """Train for ``scale`` × two hours while each tool draws repeatedly."""
    return judge(live("soak", max(20, _SECONDS * scale)))
