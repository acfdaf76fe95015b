"""Progress of a long piece of work, as every layer that does one reports it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a job is: ``done`` of ``total``, what it does now and what is counted.

    ``unit`` is a plural; an empty one: the numbers mean nothing to a person, their ratio does.
    """

    done: int
    total: int
    text: str
    unit: str = "steps"
