"""Progress of a long operation, as all layers report it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """Progress of a job: ``done`` of ``total`` units, and a text for the current stage.

    ``unit`` is a plural noun; if empty, only the ratio of the numbers is worth showing.
    """

    done: int
    total: int
    text: str
    unit: str = "steps"
