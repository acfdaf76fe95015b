"""Pydantic field type for the name of a catalogue entry, and the choices of any field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from ddpm_studio.engine.tables import Entry, Option, Table

#: Key of a validation context for files that others may have written; its value is a set.
#: Names that are not in their table then pass, and (kind, name) is added to the set.
UNKNOWN = "unknown"

_STOP = re.compile("[;.]")
_SENTENCE_END = re.compile("[;.] ")
_ACRONYMS = {word: word.upper() for word in ("rgb", "cpu", "cuda", "mps", "ema")}


@dataclass(frozen=True)
class Choice:
    """A possible value of a field, with its title and help."""

    value: str
    title: str
    help: str


class OneOf:
    """Marks a string as the name of a catalogue entry: ``Annotated[str, OneOf(SAMPLERS)]``.

    Args:
        table: the table of valid names.
        only: predicate for the entries that are valid; None: all.
    """

    def __init__(self, table: Table[Any], only: Callable[[Any], bool] | None = None) -> None:
        self.table, self._only = table, only

    def entries(self) -> Iterator[Entry]:
        """Yield the valid entries, including those of plug-ins."""
        return (entry for entry in self.table.values() if self._only is None or self._only(entry))

    def allows(self, name: str) -> bool:
        """Whether there is a valid entry of this name."""
        return name in self.table and (self._only is None or self._only(self.table[name]))

    def _check(self, name: str, info: ValidationInfo) -> str:
        if self.allows(name):
            return name
        unknown = (info.context or {}).get(UNKNOWN)
        if unknown is not None and name not in self.table:
            unknown.add((self.table.kind, name))
            return name
        raise ValueError(f"must be {_one_of([entry.name for entry in self.entries()])}")

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "enum": [entry.name for entry in self.entries()]}


def option_name(field: str) -> str:
    """Return the command-line option of a field: ``--image-size`` for ``image_size``."""
    return f"--{field.replace('_', '-')}"


def choices_of(field: FieldInfo) -> tuple[Choice, ...]:
    """Return the choices of a field; empty if it is not an enumeration."""
    if (marker := one_of(field)) is not None:
        return tuple(Choice(entry.name, entry.title, entry.help) for entry in marker.entries())
    literals = (literal for literal in _parts(field.annotation) if get_origin(literal) is Literal)
    values = [str(value) for literal in literals for value in get_args(literal)]
    return tuple(Choice(value, _value_title(value), _value_help(field, value)) for value in values)


def one_of(field: FieldInfo) -> OneOf | None:
    """Return the :class:`OneOf` marker of a field, also of an optional one; None without one."""
    nested = (
        marker for part in _parts(field.annotation) for marker in getattr(part, "__metadata__", ())
    )
    return next(
        (marker for marker in (*field.metadata, *nested) if isinstance(marker, OneOf)), None
    )


def entry_options(model: type[BaseModel], key: str) -> tuple[tuple[Entry, Option], ...]:
    """Return the options that a field of options by name can hold.

    Args:
        model: the request.
        key: its field, such as "sampler_options"; other fields have no such options.

    Returns:
        Each option that has no field of its own, with the entry that takes it.
    """
    entry_field = options_from(model.model_fields[key])
    marker = one_of(model.model_fields[entry_field]) if entry_field in model.model_fields else None
    return tuple(
        (entry, option)
        for entry in (marker.entries() if marker else ())
        for option in entry.options
        if option.name not in model.model_fields
    )


def options_from(field: FieldInfo) -> str:
    """Return the field that names the entry whose options a field holds; empty: none."""
    extra = field.json_schema_extra
    return str(extra.get("options_of", "")) if isinstance(extra, dict) else ""


def option_of(field: FieldInfo) -> str:
    """Return the field that names the entry whose option a field is; empty: none."""
    extra = field.json_schema_extra
    return str(extra.get("option_of", "")) if isinstance(extra, dict) else ""


def is_of_ancestral_steps(field: FieldInfo) -> bool:
    """Whether a field has an effect only with models that draw in ancestral steps."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("of_ancestral_steps"))


def is_unused_option(model: type[BaseModel], name: str, values: Mapping[str, Any]) -> bool:
    """Whether a field is an option that the chosen catalogue entry does not take.

    A request keeps such options, as those of another sampler; where they are given by a person,
    they are refused.

    Args:
        model: the request.
        name: its field.
        values: the request's fields by name. An entry that is unknown here takes every option.
    """
    entry_field = option_of(model.model_fields[name])
    marker = one_of(model.model_fields[entry_field]) if entry_field in model.model_fields else None
    entry = values.get(entry_field)
    if marker is None or not isinstance(entry, str) or entry not in marker.table:
        return False
    return not marker.table[entry].accepts(name)


def _parts(annotation: Any) -> tuple[Any, ...]:
    """Return the alternatives of a union, or the annotation alone."""
    if get_origin(annotation) is Literal or hasattr(annotation, "__metadata__"):
        return (annotation,)
    return get_args(annotation) or (annotation,)


def _value_help(field: FieldInfo, value: str) -> str:
    """Return a value's part of a description "value: what it does; other: …"; empty: none."""
    for sentence in _SENTENCE_END.split(field.description or ""):
        word, _, explanation = sentence.partition(": ")
        if word == value:
            return _STOP.split(explanation, maxsplit=1)[0]
    return ""


def _value_title(value: str) -> str:
    return _ACRONYMS.get(value, value.replace("_", " "))


def _one_of(names: list[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
