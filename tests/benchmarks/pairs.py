"""Paired comparison of work: alternating rounds, compared round by round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.benchmarks.figures import Figure

Work = Callable[[], object]


@dataclass(frozen=True)
class Comparison:
    """Seconds of each round, ours and each peer's, taken in turns."""

    ours: tuple[float, ...]
    peers: Mapping[str, tuple[float, ...]]

    def ratio(self, peer: str) -> float:
        """Return the median over rounds of the peer's time / our time: above 1 we are faster."""
        return statistics.median(p / o for o, p in zip(self.ours, self.peers[peer], strict=True))

    def figures(self, name: str, at_least: float | None, work: int = 1) -> list[Figure]:
        """Return the ratio to each peer, each with the target.

        Args:
            name: what was compared.
            at_least: the target.
            work: how many pictures or evaluations one round does, for the speeds.
        """
        told = []
        for peer, seconds in self.peers.items():
            ours, theirs = statistics.median(self.ours), statistics.median(seconds)
            details: dict[str, object] = {
                "peer": peer,
                "ours_seconds": round(ours, 4),
                "peer_seconds": round(theirs, 4),
                "ours_per_second": round(work / ours, 2),
                "peer_per_second": round(work / theirs, 2),
                "rounds": len(self.ours),
            }
            title = f"{name}, against {peer}"
            told.append(Figure(title, self.ratio(peer), "×", at_least, details=details))
        return told


def compare(ours: Work, peers: Mapping[str, Work], rounds: int) -> Comparison:
    """Run each once to warm up, then ``rounds`` times in turns, in a rotating order."""
    works = {"": ours, **peers}
    for work in works.values():
        work()
    times: dict[str, list[float]] = {name: [] for name in works}
    order = list(works)
    for number in range(rounds):
        first = number % len(order)
        for name in order[first:] + order[:first]:
            begun = time.perf_counter()
            works[name]()
            times[name].append(time.perf_counter() - begun)
    return Comparison(tuple(times.pop("")), {name: tuple(t) for name, t in times.items()})
