"""Entries and tables: a name, what a person reads of it, and where its code lies."""

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
    """A number that only some entries of a table take, such as η.

    Args:
        name: as a keyword argument, and as the field of a request.
        title: for people.
        help: what it does, one sentence.
        default: its value unless another is asked for.
        low: the smallest value.
        high: the largest value.

    Raises:
        TypeError: if a text is none, or a number.
        ValueError: if the default is out of range, or the name is no keyword argument.
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
    """A thing that can be chosen by its name.

    Describing it needs no torch: the code is imported by :meth:`load`, when it is used.

    Args:
        name: short, as in requests, recipes and ``run.json``.
        title: for people, in a list of choices.
        help: what it is, a phrase such as "the paper's" or a sentence without its full stop.
        implementation: where the code is, "package.module:attribute".
        arguments: keyword arguments that the code is always called with.
        options: what it takes beyond what all of its kind take.
    """

    name: str
    title: str
    help: str
    implementation: str
    arguments: Mapping[str, object] = field(default_factory=dict, kw_only=True)
    options: tuple[Option, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        check_types(self)
        check_place(self.name, self.implementation)
        if not all(isinstance(option, Option) for option in self.options):
            raise TypeError(f"the options of {self.name} must be of the class Option")

    def load(self) -> Any:
        """Import the code and return it.

        Raises:
            ImportError: the module can't be imported.
            AttributeError: there is no such attribute in it.
        """
        found = imported(self.implementation)
        return partial(found, **self.arguments) if self.arguments else found

    def takes(self, option: str) -> bool:
        """Whether an option of this name changes anything."""
        return any(one.name == option for one in self.options)

    def check(self, given: Mapping[str, float]) -> None:
        """Refuse options that it does not take, or that are out of range.

        Raises:
            ValueError: naming the first, and those that there are.
        """
        known = {option.name: option for option in self.options}
        for name, value in given.items():
            if name not in known:
                takes = f"; it takes {', '.join(known)}" if known else ""
                raise ValueError(f"{self.name} has no {name}{takes}")
            low, high = known[name].low, known[name].high
            if not low <= value <= high:
                raise ValueError(f"{name} must be {low:g}..{high:g}, not {value}")

    def chosen(self, given: Mapping[str, float]) -> dict[str, float]:
        """Return the value of each option, its default where none is given.

        Raises:
            ValueError: see :meth:`check`.
        """
        self.check(given)
        return {one.name: given.get(one.name, one.default) for one in self.options}


def check_types(described: Any) -> None:
    """Refuse a description whose texts, numbers and switches are something else.

    Raises:
        TypeError: naming the first field.
        ValueError: if a text has more than one line.
    """
    for one in fields(described):
        value, plain = getattr(described, one.name), _PLAIN.get(str(one.type))
        if plain is not None and not isinstance(value, plain):
            raise TypeError(f"{one.name} of {described.name} must be {one.type}, not {value!r}")
        if isinstance(value, str) and not value.isprintable():
            raise ValueError(f"{one.name} of {described.name} must be one line of text")


def check_place(name: str, place: str) -> None:
    """Refuse what can't be where the code of a thing lies; ValueError."""
    if not _PLACE.fullmatch(place):
        raise ValueError(
            f"the code of {name} can't be at {place!r}: it is package.module:attribute"
        )


_PLACE = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*")
# As they stand in the classes.
_PLAIN: dict[str, type | tuple[type, ...]] = {
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
    """There is no entry of this name; the message lists those that there are."""

    def __init__(self, kind: str, name: object, names: Iterable[str]) -> None:
        self.kind, self.name, self.names = kind, name, tuple(names)
        super().__init__(f"no {kind} {name!r}; there are {', '.join(self.names)}")

    def __str__(self) -> str:
        # A KeyError would put its message into quotes.
        return str(self.args[0])


class Table(Mapping[str, E], Generic[E]):
    """All entries of one kind by their names, in the order in which people see them.

    ``TABLE[name]`` of an unknown name raises :class:`UnknownNameError`.

    Args:
        kind: what an entry is called in a sentence, such as "sampler".
        takes: the class of the entries.
        entries: the engine's own.
    """

    #: Called before a table is listed, or a name is given up as unknown: brings what other
    #: packages add. The engine alone adds nothing.
    complete: Callable[[], None] | None = None

    def __init__(self, kind: str, takes: type[E], entries: Iterable[E]) -> None:
        self.kind, self.takes = kind, takes
        self._entries = {entry.name: entry for entry in entries}
        self.own = frozenset(self._entries)

    def add(self, entry: E) -> None:
        """Add an entry of another package.

        Raises:
            ValueError: if its name is taken.
        """
        if entry.name in self._entries:
            raise ValueError(f"there is a {self.kind} {entry.name!r} already")
        self._entries[entry.name] = entry

    def remove(self, name: str) -> None:
        """Take out an entry that was added; KeyError if there is none."""
        if name in self.own:
            raise ValueError(f"the {self.kind} {name!r} is the engine's own")
        del self._entries[name]

    def __getitem__(self, name: str) -> E:
        if name not in self._entries:
            self._complete()
        # A list or the like out of a file is no name either.
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


def imported(reference: str) -> Any:
    """Return what "package.module:attribute" names.

    Raises:
        ImportError: the module can't be imported.
        AttributeError: there is no such attribute in it.
    """
    module, _, attribute = reference.partition(":")
    found: Any = importlib.import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found
