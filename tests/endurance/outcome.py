"""Result of an endurance test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """Whether the test passed, and its results in a form that JSON can hold."""

    passed: bool
    figures: dict[str, object]
