"""Selection model: which of N items are selected and which one is current."""

from __future__ import annotations

from collections.abc import Iterable


class Selection:
    """Multiple selection of ``count`` items by index; ``current`` is -1 if there are none."""

    def __init__(self) -> None:
        self.count = 0
        self.current = -1
        self._anchor = 0
        self._chosen: set[int] = set()

    @property
    def indices(self) -> list[int]:
        """The selected indices, in ascending order."""
        return sorted(self._chosen)

    def __contains__(self, index: int) -> bool:
        return index in self._chosen

    def resize(self, count: int) -> bool:
        """Change the number of items; return whether the selection or current item changed."""
        previous = self.current, self.indices
        self.count = count
        self.current = min(max(self.current, 0), count - 1)
        self._anchor = min(self._anchor, max(self.current, 0))
        self._chosen = {index for index in self._chosen if index < count}
        return previous != (self.current, self.indices)

    def replace(self, indices: Iterable[int]) -> None:
        """Select exactly these indices; the last becomes current."""
        valid = [index for index in indices if 0 <= index < self.count]
        self._chosen = set(valid)
        if valid:
            self.current = self._anchor = valid[-1]

    def click(self, index: int | None, *, toggle: bool = False, extend: bool = False) -> None:
        """Apply a click on item ``index`` (None: on empty space), as in a list view."""
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
