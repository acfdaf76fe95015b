"""What a long form has shown."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """Whether it held, and the figures, as JSON can hold them."""

    passed: bool
    figures: dict[str, object]
