"""Origins of entries: which plug-ins a request has used, and whether they are there.

A name in a file that no table has is unknown here, and not damage: what the file holds is read all
the same, and whoever needs the entry asks :func:`require` for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel

from ddpm_studio.catalogue import plugins
from ddpm_studio.catalogue.fields import UNKNOWN, one_of
from ddpm_studio.errors import StudioError, plain

#: "sampler toy" → "toy-plugin 1.0"; nothing where a file does not say.
Origins = Mapping[str, str]

ModelT = TypeVar("ModelT", bound=BaseModel)


def origins(*models: BaseModel | None, also: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Return the entries of other packages that models name, and where they come from.

    Args:
        models: requests and the like.
        also: kind and name of further entries.
    """
    named = (one for model in models if model is not None for one in _named(model))
    found = {f"{kind} {name}": plugins.origin(kind, name) for kind, name in (*named, *also)}
    return {entry: origin for entry, origin in found.items() if origin}


def from_file(model: type[ModelT], told: object, recorded: object) -> tuple[ModelT, dict[str, str]]:
    """Validate what a file says, whose entries need not be known here.

    Args:
        model: of what.
        told: the file's object.
        recorded: what the file says that :func:`origins` were; anything else is ignored.

    Returns:
        The model; and its origins, with those that are unknown here and that the file says
        nothing of.

    Raises:
        ValidationError: where anything but the name of an entry is wrong.
    """
    unknown: set[tuple[str, str]] = set()
    found = model.model_validate(told, context={UNKNOWN: unknown})
    named = recorded.items() if isinstance(recorded, dict) else ()
    said = {str(entry): str(origin) for entry, origin in named}
    for kind, name in sorted(unknown):
        said.setdefault(f"{kind} {name}", "")
    return found, said


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
    """Refuse to go on without an entry that is not known here.

    Args:
        what: needs it, such as "The run first".
        recorded: see :func:`origins`.
        kinds: which matter here; None: all.

    Raises:
        StudioError: naming the entry, and its package where it has one.
    """
    for entry, origin in missing(recorded, kinds).items():
        named, of = plain(entry, 100), plain(origin, 100)
        if not of or of.endswith(plugins.NO_PLUGIN):
            of = of.removesuffix(plugins.NO_PLUGIN).rstrip()
            raise StudioError(
                f"{what} needs the {named}{of and f' of {of}'}, which is not known here.",
                f"{unknown_remedy()}, then try again{_known(entry)}.",
            )
        remedy = "Install it, if you trust who offers it"
        if plugins.is_off():
            remedy = "Switch plug-ins on"
        raise StudioError(
            f"{what} needs the {named} of the plug-in {of}, which is not here.",
            f"{remedy}, then try again.",
        )


def unknown_remedy() -> str:
    """Return what makes a name known, as the beginning of a sentence."""
    if plugins.is_off():
        return "Switch plug-ins on, or install what adds it"
    return (
        f"Install what adds it, a package with an entry point of the group {plugins.GROUP} or a "
        "newer version, or add it in Python before"
    )


def _known(entry: str) -> str:
    """Return a clause that lists those of its kind that there are."""
    names = ", ".join(plugins.KINDS.get(entry.rpartition(" ")[0], ()))
    return names and f"; here there are {names}"


def _named(model: BaseModel) -> Iterator[tuple[str, str]]:
    for key, field in type(model).model_fields.items():
        marker, value = one_of(field), getattr(model, key)
        if marker is not None and isinstance(value, str):
            yield marker.table.kind, value
