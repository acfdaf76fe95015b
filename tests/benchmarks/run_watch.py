"""Watching a run from outside, by the files that it writes."""

from __future__ import annotations

import json
import time
from pathlib import Path


class RunWatch:
    """Records when each step appears in a run's ``metrics.jsonl``."""

    def __init__(self, run: Path) -> None:
        self._file = run / "metrics.jsonl"
        self.seen: list[tuple[float, int]] = []

    def look(self) -> None:
        """Record the last step with the time, if it is a new one."""
        if self._file.exists():
            lines = self._file.read_bytes()[-4096:].splitlines()
            step = int(json.loads(lines[-1])["step"]) if lines else 0
            if step and (not self.seen or step != self.seen[-1][1]):
                self.seen.append((time.monotonic(), step))

    def rate(self, since: float = 0.0) -> float:
        """Return the steps per second since a time, without the first record."""
        kept = [one for one in self.seen[1:] if one[0] >= since]
        return (kept[-1][1] - kept[0][1]) / (kept[-1][0] - kept[0][0])
