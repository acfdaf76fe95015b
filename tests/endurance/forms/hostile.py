"""Every malformed input of the corpus is refused clearly or read without harm."""

from __future__ import annotations

from collections import Counter

from tests.endurance.outcome import Outcome
from tests.hostile.corpus import corpus, spread
from tests.hostile.watch import feed


def endure(scale: float) -> Outcome:
    """Feed the corpus to its readers, or an evenly spread part of it."""
    names = spread(round(len(corpus()) * min(scale, 1.0)))
    verdicts = list(feed(corpus()[name] for name in names))
    faulty = {verdict.case: list(verdict.faults) for verdict in verdicts if verdict.faults}
    longest = max(verdicts, key=lambda verdict: verdict.seconds)
    largest = max(verdicts, key=lambda verdict: verdict.peak)
    figures: dict[str, object] = {
        "inputs": len(verdicts),
        "by reader": dict(Counter(verdict.reader for verdict in verdicts)),
        "refused in one line": sum(bool(verdict.line) for verdict in verdicts),
        "faulty": faulty,
        "longest processor seconds": [longest.case, round(longest.seconds, 2)],
        "largest memory in MiB": [largest.case, largest.peak >> 20],
    }
    return Outcome(not faulty, figures)
