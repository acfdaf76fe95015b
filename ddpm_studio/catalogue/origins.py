"""Origins of catalogue entries: the plug-ins that a request uses, and those that are missing.

A name in a file that is in no table counts as unknown here, and not as damage: the file is read
anyway, and code that needs the entry calls :func:`require`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeVar

from pydantic import BaseModel

from ddpm_studio.catalogue import plugins
from ddpm_studio.catalogue.fields import UNKNOWN, one_of
from ddpm_studio.errors import StudioError, printable

#: "sampler toy" → "toy-plugin 1.0"; an empty text if a file doesn't give the origin.
Origins = Mapping[str, str]

ModelT = TypeVar("ModelT", bound=BaseModel)


def origins(*models: BaseModel | None, also: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """Return the plug-in entries that models name, with their origins.

    Args:
        models: requests and similar models.
        also: kind and name of further entries.
    """
    pairs = (pair for model in models if model is not None for pair in _entry_names(model))
    found = {f"{kind} {name}": plugins.origin(kind, name) for kind, name in (*pairs, *also)}
    return {entry: origin for entry, origin in found.items() if origin}


def from_file(
    model: type[ModelT], content: object, recorded: object
) -> tuple[ModelT, dict[str, str]]:
    """Validate the content of a file, in which names of entries may be unknown here.

    Args:
        model: class of the model.
        content: the file's object.
        recorded: the :func:`origins` as recorded in the file; ignored if it is no mapping.

    Returns:
        The model; and its origins, which include unknown entries without a recorded origin, as "".

    Raises:
        ValidationError: if anything but the name of an entry is wrong.
    """
    unknown: set[tuple[str, str]] = set()
    found = model.model_validate(content, context={UNKNOWN: unknown})
    items = recorded.items() if isinstance(recorded, dict) else ()
    known_origins = {str(entry): str(origin) for entry, origin in items}
    for kind, name in sorted(unknown):
        known_origins.setdefault(f"{kind} {name}", "")
    return found, known_origins


def missing(recorded: Origins, kinds: Collection[str] | None = None) -> dict[str, str]:
    """Return the recorded entries that are missing here, of these kinds; None: of any kind."""
    found = {}
    for entry, origin in recorded.items():
        kind, _, name = entry.rpartition(" ")
        exists = kind in plugins.KINDS and name in plugins.KINDS[kind]
        if not exists and (kinds is None or kind in kinds):
            found[entry] = origin
    return found


def require(subject: str, recorded: Origins, kinds: Collection[str] | None = None) -> None:
    """Check that no recorded entry is missing here.

    Args:
        subject: subject that needs the entries, for the error, such as "The run first".
        recorded: see :func:`origins`.
        kinds: the kinds of entries that are needed; None: all.

    Raises:
        StudioError: if one is missing; names the entry, and its package if known.
    """
    for entry, origin in missing(recorded, kinds).items():
        entry_name, package = printable(entry, 100), printable(origin, 100)
        if not package or package.endswith(plugins.NO_PLUGIN):
            package = package.removesuffix(plugins.NO_PLUGIN).rstrip()
            raise StudioError(
                f"{subject} needs the {entry_name}{package and f' of {package}'}, which is not "
                "known here.",
                f"{unknown_remedy()}, then try again{_known(entry)}.",
            )
        remedy = "Install it, if you trust who offers it"
        if plugins.is_off():
            remedy = "Switch plug-ins on"
        raise StudioError(
            f"{subject} needs the {entry_name} of the plug-in {package}, which is not here.",
            f"{remedy}, then try again.",
        )


def unknown_remedy() -> str:
    """Return the remedy for an unknown entry, as the beginning of a sentence."""
    if plugins.is_off():
        return "Switch plug-ins on, or install what adds it"
    return (
        f"Install what adds it, a package with an entry point of the group {plugins.GROUP} or a "
        "newer version, or add it in Python before"
    )


def _known(entry: str) -> str:
    """Return a clause that lists the known entries of an entry's kind; empty: none."""
    names = ", ".join(plugins.KINDS.get(entry.rpartition(" ")[0], ()))
    return names and f"; here there are {names}"


def _entry_names(model: BaseModel) -> Iterator[tuple[str, str]]:
    for key, field in type(model).model_fields.items():
        marker, value = one_of(field), getattr(model, key)
        if marker is not None and isinstance(value, str):
            yield marker.table.kind, value
