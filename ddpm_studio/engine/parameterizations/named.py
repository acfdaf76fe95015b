"""Look-up of parameterisations by their names in the engine's table."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from ddpm_studio.engine.parameterizations.parameterization import Parameterization
from ddpm_studio.engine.tables import PARAMETERIZATIONS


def parameterization(name: str) -> Parameterization:
    """Return the parameterisation with a given name.

    Raises:
        ValueError: for an unknown name.
        TypeError: if a plug-in's class is not a :class:`Parameterization`, or lacks one of its
            methods.
    """
    form = PARAMETERIZATIONS[name].load()()
    if not isinstance(form, Parameterization):
        raise TypeError(f"the parameterization {name!r} must be a Parameterization, not {form!r}")
    return form


def names_where(satisfies: Callable[[Parameterization], bool]) -> list[str]:
    """Return the names of the parameterisations that satisfy a predicate, for error messages.

    Args:
        satisfies: the predicate; parameterisations that can't be loaded are left out.
    """
    found = []
    for name in PARAMETERIZATIONS:
        # A plug-in may raise anything, and here it was not chosen by the caller.
        with suppress(Exception):
            if satisfies(parameterization(name)):
                found.append(name)
    return found
