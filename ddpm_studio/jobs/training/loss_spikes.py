"""Loss spikes, seen by the median of the last steps against that of the many before."""

from __future__ import annotations

from collections import deque

import numpy as np

_BEFORE, _NOW = 300, 12
LATE = _NOW
"""A spike is seen so many steps after it began, at most."""
_LEAST = 60
# Both must hold: far outside of the spread, and well above the level.
_SPREADS, _TIMES = 8.0, 1.5
# Of a normal distribution: standard deviation over median absolute deviation.
_NORMAL = 1.4826


class SpikeWatch:
    """Looks at each loss; medians, so that one hard batch is no spike."""

    def __init__(self) -> None:
        self._before: deque[float] = deque(maxlen=_BEFORE)
        self._now: deque[float] = deque(maxlen=_NOW)

    def saw(self, loss: float) -> bool:
        """Take a step's loss; True if it is one of a spike."""
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
        """Begin anew."""
        self._before.clear()
        self._now.clear()
