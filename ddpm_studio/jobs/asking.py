"""Requests from options that a person has named, in the terminal or in Python."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ddpm_studio.catalogue.fields import one_of
from ddpm_studio.errors import StudioError
from ddpm_studio.validation import plainly

ModelT = TypeVar("ModelT", bound=BaseModel)
Named = Callable[[str], str]
"""How an option is called where it was named: ``--image-size`` for ``image_size``."""

# What a person may name and a request numbers.
_CLASS, _CLASSES = "class_label", "class_labels"


class OptionError(StudioError):
    """An option has a value that it can't have, or one that changes nothing.

    Args:
        option: the field of the request.
        problem: what is wrong with its value.
    """

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"{option}: {plainly(problem)}.")
        self.option = option
        self.problem = problem


def ask(
    model: type[ModelT], given: Mapping[str, object], named: Named = str, **more: object
) -> ModelT:
    """Make a request.

    Args:
        model: which.
        given: the options that were named, those left out being absent. Classes may be named
            too, instead of numbered, several as a sequence or with commas between; "none" is none.
        named: how options are called in what is said of them.
        more: fields that are no options, such as ``run``.

    Raises:
        OptionError: if a value is out of range, or of no effect beside the others.
        StudioError: if the run does not know the class that is named.
    """
    own = dict(given)
    if isinstance(own.get(_CLASS), str):
        (own[_CLASS],) = _class_numbers(more["run"], [own[_CLASS]])
    if isinstance(classes := own.get(_CLASSES), Sequence):
        own[_CLASSES] = _class_numbers(more["run"], classes)
    try:
        made = model(**own, **more)
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]) if first["loc"] else model.__name__
        raise OptionError(option, str(first["msg"]).removeprefix("Value error, ")) from error
    _refuse_idle(made, own, named)
    return made


def _class_numbers(run: object, words: str | Sequence[object]) -> list[object]:
    """Return classes with numbers for those that are named; what else there is, as it is."""
    from ddpm_studio.runs import RunFolder
    from ddpm_studio.runs.classes import class_or_none, known_classes

    info = RunFolder.open(Path(str(run))).info
    if isinstance(words, str):
        words = _at_commas(words, known_classes(info))
    return [class_or_none(info, one.strip()) if isinstance(one, str) else one for one in words]


def _at_commas(text: str, names: Collection[str]) -> list[str]:
    """Part a text at its commas, but for those in a class's own name: "tench, Tinca tinca"."""
    pieces = text.split(",")
    found: list[str] = []
    while pieces:
        longest = range(len(pieces), 1, -1)
        taken = next((k for k in longest if ",".join(pieces[:k]).strip() in names), 1)
        found.append(",".join(pieces[:taken]))
        del pieces[:taken]
    return found


def _refuse_idle(made: BaseModel, own: Collection[str], named: Named) -> None:
    """Refuse what was asked of an entry of the catalogue that does not take it."""
    for name in own:
        field = type(made).model_fields[name]
        extra = field.json_schema_extra
        of = str(extra.get("option_of", "")) if isinstance(extra, dict) else ""
        marker = one_of(type(made).model_fields[of]) if of in type(made).model_fields else None
        if marker is None or getattr(made, name) == field.default:
            continue
        chosen = getattr(made, of)
        if not marker.table[chosen].takes(name):
            taking = " or ".join(entry.name for entry in marker.entries() if entry.takes(name))
            raise OptionError(name, f"{chosen} does not heed it; add {named(of)} {taking}.")
