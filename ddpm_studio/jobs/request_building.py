"""Validated requests from the options that a person has given, in the terminal or in Python."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ddpm_studio.catalogue.fields import (
    is_of_ancestral_steps,
    is_unused_option,
    one_of,
    option_of,
)
from ddpm_studio.errors import StudioError
from ddpm_studio.validation import reword_message

ModelT = TypeVar("ModelT", bound=BaseModel)
OptionNamer = Callable[[str], str]
"""Name of a field's option as the person gives it: ``--image-size`` for ``image_size``."""

# Fields in which a person may name classes, where the request has numbers.
_CLASS, _CLASSES = "class_label", "class_labels"


class OptionError(StudioError):
    """An option has an invalid value, or one that has no effect.

    Args:
        option: name of the request's field.
        problem: what is wrong with its value, in words.
    """

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"{option}: {reword_message(problem)}.")
        self.option = option
        self.problem = problem


def build_request(
    model: type[ModelT],
    given: Mapping[str, object],
    option_name: OptionNamer = str,
    **extra: object,
) -> ModelT:
    """Make a validated request from options.

    Args:
        model: class of the request.
        given: values of the options that were given, by field. Classes may be given by name instead
            of number, several as a sequence or separated by commas; "none" is no class.
        option_name: returns an option's name for error messages, given its field.
        extra: fields that are not options, such as ``run``.

    Raises:
        OptionError: if a value is invalid, or has no effect together with the others.
        StudioError: if the run has no class of a given name.
    """
    values = dict(given)
    if isinstance(values.get(_CLASS), str):
        (values[_CLASS],) = _to_class_numbers(extra["run"], [values[_CLASS]])
    if isinstance(classes := values.get(_CLASSES), Sequence):
        values[_CLASSES] = _to_class_numbers(extra["run"], classes)
    try:
        request = model(**values, **extra)
    except ValidationError as error:
        first = error.errors()[0]
        option = str(first["loc"][0]) if first["loc"] else model.__name__
        raise OptionError(option, str(first["msg"]).removeprefix("Value error, ")) from error
    _reject_unused_options(request, values, option_name)
    return request


def _to_class_numbers(run: object, labels: str | Sequence[object]) -> list[object]:
    """Return the classes with names replaced by their numbers; other values are kept."""
    from ddpm_studio.runs import RunFolder
    from ddpm_studio.runs.classes import class_or_none, known_classes

    info = RunFolder.open(Path(str(run))).info
    if isinstance(labels, str):
        labels = _split_at_commas(labels, known_classes(info))
    return [
        class_or_none(info, label.strip()) if isinstance(label, str) else label for label in labels
    ]


def _split_at_commas(text: str, names: Collection[str]) -> list[str]:
    """Split a text at its commas, except those within a class's name: "tench, Tinca tinca"."""
    pieces = text.split(",")
    labels: list[str] = []
    while pieces:
        counts = range(len(pieces), 1, -1)
        count = next((k for k in counts if ",".join(pieces[:k]).strip() in names), 1)
        labels.append(",".join(pieces[:count]))
        del pieces[:count]
    return labels


def _reject_unused_options(
    request: BaseModel, given: Collection[str], option_name: OptionNamer
) -> None:
    """Raise OptionError for an option that the chosen catalogue entry or the run does not take."""
    fields = type(request).model_fields
    for name in given:
        field = fields[name]
        if getattr(request, name) == field.default:
            continue
        if not is_unused_option(type(request), name, request.__dict__):
            reason = ignored_reason(request, name)
            if reason:
                raise OptionError(name, f"{reason}; leave it out.")
            continue
        selector = option_of(field)
        marker = one_of(fields[selector])
        assert marker is not None
        alternatives = " or ".join(entry.name for entry in marker.entries() if entry.accepts(name))
        raise OptionError(
            name,
            f"{getattr(request, selector)} does not heed it; "
            f"add {option_name(selector)} {alternatives}.",
        )


def ignored_reason(request: BaseModel, name: str) -> str:
    """Return why the run of a request does not take an option of ancestral steps; empty: it does.

    Args:
        request: the request.
        name: any of its fields.

    Raises:
        StudioError: if the run is no run folder, or damaged.
    """
    from ddpm_studio.runs import RunFolder

    if not is_of_ancestral_steps(type(request).model_fields[name]):
        return ""
    info = RunFolder.open(getattr(request, "run")).info  # noqa: B009 - each drawing's has one
    if info.student is not None:
        return "a few-step student does not heed it"
    if name == "variance" and info.fixed_variance is None:
        return "this model has learned its variance"
    return ""
