"""Loss spikes, detected by comparing the median of the last steps with that of many before."""

from __future__ import annotations

from collections import deque

import numpy as np

_BASELINE_STEPS, _RECENT_STEPS = 300, 12
DETECTION_DELAY = _RECENT_STEPS
"""Number of steps after its beginning within which a spike is detected."""
_MIN_BASELINE = 60
# Both must hold: the excess in spreads, and the ratio to the level.
_MIN_DEVIATIONS, _MIN_RATIO = 8.0, 1.5
# Standard deviation over median absolute deviation of a normal distribution.
_MAD_TO_STD = 1.4826


class SpikeDetector:
    """Detector of loss spikes; uses medians, so that one hard batch is no spike."""

    def __init__(self) -> None:
        self._baseline: deque[float] = deque(maxlen=_BASELINE_STEPS)
        self._recent: deque[float] = deque(maxlen=_RECENT_STEPS)

    def observe(self, loss: float) -> bool:
        """Add a step's loss; return whether the last steps are a spike."""
        if len(self._recent) == _RECENT_STEPS:
            self._baseline.append(self._recent[0])
        self._recent.append(loss)
        if len(self._baseline) < _MIN_BASELINE:
            return False
        level = float(np.median(self._baseline))
        spread = _MAD_TO_STD * float(np.median(np.abs(np.array(self._baseline) - level)))
        recent = float(np.median(self._recent))
        return recent > level + _MIN_DEVIATIONS * spread and recent > _MIN_RATIO * level

    def reset(self) -> None:
        """Clear the history."""
        self._baseline.clear()
        self._recent.clear()
