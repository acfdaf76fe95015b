"""Origins of entries: which plug-ins a request has used, and whether they are there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from ddpm_studio.catalogue import plugins
from ddpm_studio.catalogue.fields import BELIEVED, one_of
from ddpm_studio.errors import StudioError, plain

#: "sampler toy" → "toy-plugin 1.0".
Origins = Mapping[str, str]


def origins(*models: BaseModel | None, also: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Return the entries of other packages that models name, and where they come from.

    Args:
        models: requests and the like.
        also: kind and name of further entries.
    """
    named = (one for model in models if model is not None for one in _named(model))
    found = {f"{kind} {name}": plugins.origin(kind, name) for kind, name in (*named, *also)}
    return {entry: origin for entry, origin in found.items() if origin}


def believing(told: object) -> dict[str, Any]:
    """Return a context of validation in which these entries pass, though they may be missing.

    Args:
        told: what a file says that :func:`origins` were; anything else believes nothing.
    """
    named = told if isinstance(told, dict) else {}
    return {BELIEVED: frozenset(tuple(str(entry).rsplit(" ", 1)) for entry in named)}


def missing(recorded: Origins, kinds: Collection[str] | None = None) -> dict[str, str]:
    """Return those that are not there now, of these kinds; None: of any."""
    found = {}
    for entry, origin in recorded.items():
        kind, _, name = entry.rpartition(" ")
        there = kind in plugins.KINDS and name in plugins.KINDS[kind]
        if not there and (kinds is None or kind in kinds):
            found[entry] = origin
    return found


def require(what: str, recorded: Origins, kinds: Collection[str] | None = None) -> None:
    """Refuse to go on without an entry of another package.

    Args:
        what: needs it, such as "The run first".
        recorded: see :func:`origins`.
        kinds: which matter here; None: all.

    Raises:
        StudioError: naming the entry and its package.
    """
    for entry, origin in missing(recorded, kinds).items():
        remedy = "Install it, if you trust who offers it"
        if plugins.is_off():
            remedy = "Switch plug-ins on"
        raise StudioError(
            f"{what} needs the {plain(entry, 100)} of the plug-in {plain(origin, 100)}, which is "
            "not here.",
            f"{remedy}, then try again.",
        )


def _named(model: BaseModel) -> Iterator[tuple[str, str]]:
    for key, field in type(model).model_fields.items():
        marker, value = one_of(field), getattr(model, key)
        if marker is not None and isinstance(value, str):
            yield marker.table.kind, value
