"""Lazy sequences: items are computed on access and not cached."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

ItemT = TypeVar("ItemT", covariant=True)


class LazySequence(Sequence[ItemT], ABC):
    """Base of lazy sequences: a subclass implements ``__len__`` and :meth:`item`."""

    @abstractmethod
    def item(self, index: int, /) -> ItemT:
        """Return the item at an index from 0 to length − 1."""

    @overload
    def __getitem__(self, index: int) -> ItemT: ...
    @overload
    def __getitem__(self, index: slice) -> list[ItemT]: ...
    def __getitem__(self, index: int | slice) -> ItemT | list[ItemT]:
        positions = range(len(self))
        if isinstance(index, slice):
            return [self.item(position) for position in positions[index]]
        return self.item(positions[index])
