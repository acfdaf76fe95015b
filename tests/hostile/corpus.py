"""Corpus of all malformed inputs: deterministic, each made when it is needed."""

from __future__ import annotations

from functools import cache

from tests.hostile import (
    bad_archives,
    bad_arrays,
    bad_checkpoints,
    bad_containers,
    bad_models,
    bad_pictures,
    bad_recipes,
)
from tests.hostile.cases import Case

_PARTS = (
    *(bad_archives, bad_pictures, bad_arrays, bad_containers),
    *(bad_models, bad_checkpoints, bad_recipes),
)


@cache
def corpus() -> dict[str, Case]:
    """Return all test cases by name."""
    found: dict[str, Case] = {}
    for part in _PARTS:
        for case in part.cases():
            assert case.name not in found, case.name
            found[case.name] = case
    return found


def spread(count: int) -> list[str]:
    """Return the names of cases spread evenly over the corpus."""
    names = list(corpus())
    return [names[len(names) * k // count] for k in range(count)]
