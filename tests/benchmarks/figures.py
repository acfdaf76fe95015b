"""Figures: results of benchmarks with their targets, as lines of a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field


class UnavailableError(Exception):
    """A benchmark cannot run on this machine; the message says what is missing."""


@dataclass(frozen=True)
class Figure:
    """One result of a benchmark.

    Args:
        name: what was measured, in a line.
        value: the number; a ratio is the peer's time over ours, or our memory over the peer's.
        unit: "×" for a ratio, else s, MiB, 1/s, …
        at_least: the target as a lower limit.
        at_most: the target as an upper limit.
        details: what the number was computed from, and, where the target is out of reach, the limit
        and its cause.
    """

    name: str
    value: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    details: dict[str, object] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.at_least is not None:
            return self.value >= self.at_least
        if self.at_most is not None:
            return self.value <= self.at_most
        return None

    def to_json(self) -> dict[str, object]:
        """Return the fields that are set, as a dictionary for JSON."""
        told = {k: v for k, v in asdict(self).items() if v not in (None, {})}
        return told | {"value": float(f"{self.value:.4g}")}

    def line(self) -> str:
        """Return one line of the table."""
        target = ""
        if self.at_least is not None:
            target = f"≥ {self.at_least:g}"
        elif self.at_most is not None:
            target = f"≤ {self.at_most:g}"
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        return f"{self.name:58} {self.value:9.4g} {self.unit:8} {target:8} {verdict}".rstrip()


def table(figures: Iterable[Figure]) -> str:
    """Return the lines of all figures."""
    return "\n".join(figure.line() for figure in figures)
