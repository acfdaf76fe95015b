"""Parameterisations by their names in the engine's table."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from ddpm_studio.engine.parameterizations.parameterization import Parameterization
from ddpm_studio.engine.tables import PARAMETERIZATIONS


def parameterization(name: str) -> Parameterization:
    """Return the parameterisation of a name.

    Raises:
        ValueError: for another name.
        TypeError: if the code of another package is no :class:`Parameterization`, or lacks one
            of its methods.
    """
    form = PARAMETERIZATIONS[name].load()()
    if not isinstance(form, Parameterization):
        raise TypeError(f"the parameterization {name!r} must be a Parameterization, not {form!r}")
    return form


def named_where(able: Callable[[Parameterization], bool]) -> list[str]:
    """Return the names of those that can do something, to tell of them.

    Args:
        able: whether one can; those whose code can't be loaded can't.
    """
    found = []
    for name in PARAMETERIZATIONS:
        # What others wrote may raise anything, and here it was not asked for.
        with suppress(Exception):
            if able(parameterization(name)):
                found.append(name)
    return found
