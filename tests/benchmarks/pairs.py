"""Alternate two pieces of work and compare them pair by pair."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Comparison:
    """Seconds of each round of ours and of the peer's, taken in turns."""

    name: str
    ours: tuple[float, ...]
    peer: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Median over the rounds of peer's time / our time: above 1 we are faster."""
        return statistics.median(p / o for o, p in zip(self.ours, self.peer, strict=True))

    def to_json(self) -> dict[str, object]:
        """Return the figures."""
        return {
            "name": self.name,
            "ratio": round(self.ratio, 3),
            "ours_seconds": round(statistics.median(self.ours), 4),
            "peer_seconds": round(statistics.median(self.peer), 4),
            "rounds": len(self.ours),
        }


def compare(
    name: str, ours: Callable[[], object], peer: Callable[[], object], rounds: int
) -> Comparison:
    """Run both once to warm up, then ``rounds`` times in turns, the first one changing."""
    ours()
    peer()
    times: dict[Callable[[], object], list[float]] = {ours: [], peer: []}
    for number in range(rounds):
        for work in (ours, peer) if number % 2 == 0 else (peer, ours):
            begun = time.perf_counter()
            work()
            times[work].append(time.perf_counter() - begun)
    return Comparison(name, tuple(times[ours]), tuple(times[peer]))
