"""Two hours of training in the window with live views: nothing leaks."""

from __future__ import annotations

from tests.endurance.living_window import live
from tests.endurance.outcome import Outcome
from tests.endurance.steadiness import judge

_SECONDS = 7200


def endure(scale: float = 1.0) -> Outcome:
    """Train for ``scale`` times two hours while each tool draws again and again."""
    return judge(live("soak", max(20, _SECONDS * scale)))
