"""Selection model: which of N things are chosen and which one is current."""

from __future__ import annotations

from collections.abc import Iterable


class Selection:
    """A choice among ``count`` things by index; nothing is current when there are none."""

    def __init__(self) -> None:
        self.count = 0
        self.current = -1
        self._anchor = 0
        self._chosen: set[int] = set()

    @property
    def indices(self) -> list[int]:
        """The chosen indices, in order."""
        return sorted(self._chosen)

    def __contains__(self, index: int) -> bool:
        return index in self._chosen

    def resize(self, count: int) -> bool:
        """Take another number of things; return whether the choice had to change."""
        before = self.current, self.indices
        self.count = count
        self.current = min(max(self.current, 0), count - 1)
        self._anchor = min(self._anchor, max(self.current, 0))
        self._chosen = {index for index in self._chosen if index < count}
        return before != (self.current, self.indices)

    def replace(self, indices: Iterable[int]) -> None:
        """Choose exactly these; the last becomes current."""
        kept = [index for index in indices if 0 <= index < self.count]
        self._chosen = set(kept)
        if kept:
            self.current = self._anchor = kept[-1]

    def click(self, index: int | None, *, toggle: bool = False, extend: bool = False) -> None:
        """Do what a click on ``index`` (None: beside everything) does in a list."""
        if index is None:
            if not toggle and not extend:
                self._chosen.clear()
            return
        if extend:
            low, high = sorted((self._anchor, index))
            self._chosen = set(range(low, high + 1))
            self.current = index
            return
        if toggle:
            self._chosen ^= {index}
        else:
            self._chosen = {index}
        self.current = self._anchor = index
