"""How far a long piece of work is; the lowest layer that reports it defines it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a job is: ``done`` of ``total`` units, and what it does now."""

    done: int
    total: int
    text: str
