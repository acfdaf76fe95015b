"""Sequences whose items are made when they are asked for, and not kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

ItemT = TypeVar("ItemT", covariant=True)


class LazySequence(Sequence[ItemT], ABC):
    """A sequence of which a subclass says the length, and makes one item at a time."""

    @abstractmethod
    def item(self, index: int, /) -> ItemT:
        """Return the item at 0 … length − 1."""

    @overload
    def __getitem__(self, index: int) -> ItemT: ...
    @overload
    def __getitem__(self, index: slice) -> list[ItemT]: ...
    def __getitem__(self, index: int | slice) -> ItemT | list[ItemT]:
        places = range(len(self))
        if isinstance(index, slice):
            return [self.item(place) for place in places[index]]
        return self.item(places[index])
