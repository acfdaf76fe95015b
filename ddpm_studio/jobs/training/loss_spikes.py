"""Loss spikes, detected by comparing the median of the last steps with that of many before."""

from __future__ import annotations

from collections import deque

import numpy as np

_BEFORE, _NOW = 300, 12
LATE = _NOW
"""Number of steps after its beginning within which a spike is detected."""
_LEAST = 60
# Both must hold: the excess in spreads, and the ratio to the level.
_SPREADS, _TIMES = 8.0, 1.5
# Standard deviation over median absolute deviation of a normal distribution.
_NORMAL = 1.4826


class SpikeWatch:
    """Detector of loss spikes; uses medians, so that one hard batch is no spike."""

    def __init__(self) -> None:
        self._before: deque[float] = deque(maxlen=_BEFORE)
        self._now: deque[float] = deque(maxlen=_NOW)

    def saw(self, loss: float) -> bool:
        """Add a step's loss; return whether the last steps are a spike."""
        if len(self._now) == _NOW:
            self._before.append(self._now[0])
        self._now.append(loss)
        if len(self._before) < _LEAST:
            return False
        level = float(np.median(self._before))
        spread = _NORMAL * float(np.median(np.abs(np.array(self._before) - level)))
        now = float(np.median(self._now))
        return now > level + _SPREADS * spread and now > _TIMES * level

    def forget(self) -> None:
        """Clear the history."""
        self._before.clear()
        self._now.clear()
