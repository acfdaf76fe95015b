"""Registry of plug-in implementations: tables of entries with name, texts, options and code."""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from types import NoneType
from typing import Any, Generic, TypeVar


@dataclass(frozen=True)
class Option:
    """Numeric option that only some entries of a table have, such as η.

    Args:
        name: name of the keyword argument, and of the request's field.
        title: label shown to users.
        help: description, one sentence.
        default: default value.
        low: minimum.
        high: maximum.

    Raises:
        TypeError: if a field has the wrong type.
        ValueError: if the default is out of range, or the name is not an identifier.
    """

    name: str
    title: str
    help: str
    default: float
    low: float
    high: float

    def __post_init__(self) -> None:
        check_types(self)
        if not self.name.isidentifier():
            raise ValueError(f"an option can't be called {self.name!r}: it is a keyword argument")
        if not -math.inf < self.low <= self.default <= self.high < math.inf:
            raise ValueError(
                f"the default of {self.name}, {self.default}, must be {self.low}..{self.high}"
            )


@dataclass(frozen=True, eq=False)
class Entry:
    """Entry of a table: the description of an implementation that is chosen by its name.

    Entries are torch-free: the implementation is imported by :meth:`load`, at first use.

    Args:
        name: short name, as in requests, recipes and ``run.json``.
        title: label shown to users in a list of choices.
        help: description, a phrase such as "the paper's" or a sentence without its full stop.
        implementation: reference to the code, "package.module:attribute".
        arguments: keyword arguments that the code is always called with.
        options: options beyond those common to all entries of the kind.

    Raises:
        TypeError: if a field has the wrong type.
        ValueError: if a text has several lines, or ``implementation`` is not such a reference.
    """

    name: str
    title: str
    help: str
    implementation: str
    arguments: Mapping[str, object] = field(default_factory=dict, kw_only=True)
    options: tuple[Option, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        check_types(self)
        check_reference(self.name, self.implementation)
        if not all(isinstance(option, Option) for option in self.options):
            raise TypeError(f"the options of {self.name} must be of the class Option")

    def load(self) -> Any:
        """Import and return the implementation, with ``arguments`` bound.

        Raises:
            ImportError: if the module can't be imported.
            AttributeError: if it has no such attribute.
        """
        found = import_object(self.implementation)
        return partial(found, **self.arguments) if self.arguments else found

    def accepts(self, option: str) -> bool:
        """Whether the entry has an option of this name."""
        return any(known.name == option for known in self.options)

    def check(self, given: Mapping[str, float]) -> None:
        """Check that the given options are known and in range.

        Raises:
            ValueError: if not; the message names the first such option, and the known ones or the
                range.
        """
        known = {option.name: option for option in self.options}
        for name, value in given.items():
            if name not in known:
                accepts = f"; it takes {', '.join(known)}" if known else ""
                raise ValueError(f"{self.name} has no {name}{accepts}")
            low, high = known[name].low, known[name].high
            if not low <= value <= high:
                raise ValueError(f"{name} must be {low:g}..{high:g}, not {value}")

    def option_values(self, given: Mapping[str, float]) -> dict[str, float]:
        """Return the value of each option, its default where not given.

        Raises:
            ValueError: see :meth:`check`.
        """
        self.check(given)
        return {option.name: given.get(option.name, option.default) for option in self.options}


def check_types(entry: Any) -> None:
    """Check the types of a description's fields, which plug-ins may have got wrong.

    Raises:
        TypeError: naming the first field of another type.
        ValueError: if a text is not a single printable line.
    """
    for item in fields(entry):
        value, expected = getattr(entry, item.name), _FIELD_TYPES.get(str(item.type))
        if expected is not None and not isinstance(value, expected):
            raise TypeError(f"{item.name} of {entry.name} must be {item.type}, not {value!r}")
        if isinstance(value, str) and not value.isprintable():
            raise ValueError(f"{item.name} of {entry.name} must be one line of text")


def check_reference(name: str, reference: str) -> None:
    """Check that ``reference`` has the form "package.module:attribute".

    Raises:
        ValueError: if not.
    """
    if not _REFERENCE.fullmatch(reference):
        raise ValueError(
            f"the code of {name} can't be at {reference!r}: it is package.module:attribute"
        )


_REFERENCE = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*")
# Keyed by the annotations, which are strings, in the dataclasses.
_FIELD_TYPES: dict[str, type | tuple[type, ...]] = {
    "str": str,
    "bool": bool,
    "int": int,
    "int | None": (int, NoneType),
    "float": (float, int),
    "tuple[Option, ...]": tuple,
    "Mapping[str, object]": Mapping,
}

E = TypeVar("E", bound=Entry)


class UnknownNameError(ValueError, KeyError):
    """No entry of a table has this name; the message lists the known names."""

    def __init__(self, kind: str, name: object, names: Iterable[str]) -> None:
        self.kind, self.name, self.names = kind, name, tuple(names)
        super().__init__(f"no {kind} {name!r}; there are {', '.join(self.names)}")

    def __str__(self) -> str:
        # KeyError would show the message's repr.
        return str(self.args[0])


class Table(Mapping[str, E], Generic[E]):
    """Registry of all entries of one kind by name, in the order in which they are shown to users.

    ``TABLE[name]`` of an unknown name raises :class:`UnknownNameError`.

    Args:
        kind: noun for an entry, such as "sampler", for messages.
        accepts: class of the entries.
        entries: the built-in entries.
    """

    #: Hook that adds the entries of other packages (plug-ins). It is called before a table is
    #: listed, or a name is reported as unknown. None in the engine alone.
    complete: Callable[[], None] | None = None

    def __init__(self, kind: str, accepts: type[E], entries: Iterable[E]) -> None:
        self.kind, self.accepts = kind, accepts
        self._entries = {entry.name: entry for entry in entries}
        self.builtin_names = frozenset(self._entries)

    def add(self, entry: E) -> None:
        """Add an entry of another package (plug-in).

        Raises:
            ValueError: if its name is taken.
        """
        if entry.name in self._entries:
            raise ValueError(f"there is a {self.kind} {entry.name!r} already")
        self._entries[entry.name] = entry

    def remove(self, name: str) -> None:
        """Remove an entry that was added.

        Raises:
            KeyError: if there is none of this name.
            ValueError: if the entry is built in.
        """
        if name in self.builtin_names:
            raise ValueError(f"the {self.kind} {name!r} is the engine's own")
        del self._entries[name]

    def __getitem__(self, name: str) -> E:
        if name not in self._entries:
            self._complete()
        # A name read from a file may be unhashable, such as a list.
        found = self._entries.get(name) if isinstance(name, str) else None
        if found is None:
            raise UnknownNameError(self.kind, name, self._entries)
        return found

    def __iter__(self) -> Iterator[str]:
        self._complete()
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        self._complete()
        return len(self._entries)

    @staticmethod
    def _complete() -> None:
        if Table.complete is not None:
            Table.complete()


def import_object(reference: str) -> Any:
    """Import and return the object at "package.module:attribute".

    Raises:
        ImportError: if the module can't be imported.
        AttributeError: if it has no such attribute.
    """
    module, _, attribute = reference.partition(":")
    found: Any = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found
