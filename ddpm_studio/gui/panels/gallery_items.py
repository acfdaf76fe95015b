"""What the gallery holds: in which order, which of it is shown, what was deleted last."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ddpm_studio.jobs.gallery import Kept, drawing_of


class GalleryItems:
    """Kept pictures, the newest drawing first, and those that pass the filter."""

    def __init__(self) -> None:
        self._all: list[Kept] = []
        self._deleted: list[list[tuple[int, Kept]]] = []
        self._kind = ""
        self.shown: list[Kept] = []

    def __len__(self) -> int:
        return len(self._all)

    @property
    def can_undo(self) -> bool:
        """Whether there is something deleted to bring back."""
        return bool(self._deleted)

    @property
    def next_seed(self) -> int:
        """A seed above those of all samples."""
        requests = (item.recipe.get("request") for item in self._all)
        seeds = (request.get("seed") for request in requests if isinstance(request, dict))
        return max((seed for seed in seeds if isinstance(seed, int)), default=-1) + 1

    def reset(self, oldest_first: Sequence[Kept]) -> None:
        """Hold other pictures, of another run."""
        drawings = [list(group) for _, group in groupby(oldest_first, lambda item: item.drawing)]
        self._all = [item for drawing in drawings[::-1] for item in drawing]
        self._deleted.clear()
        self.set_kind(self._kind)

    def add(self, kept: Sequence[Kept]) -> None:
        """Put newly drawn pictures in front, in their order."""
        self._all = [*kept, *self._all]
        self.set_kind(self._kind)

    def has_drawing(self, recipe: dict[str, object]) -> bool:
        """Whether pictures of the very same drawing are here already."""
        wanted = drawing_of(recipe)
        return any(item.drawing == wanted for item in self._all)

    def set_kind(self, kind: str) -> None:
        """Show pictures of one kind; empty: all."""
        self._kind = kind
        self.shown = [item for item in self._all if kind in ("", item.recipe.get("kind"))]

    def delete(self, items: Sequence[Kept]) -> None:
        """Take pictures out; :meth:`undo` brings them back."""
        gone = {id(item) for item in items}
        self._deleted.append([(k, item) for k, item in enumerate(self._all) if id(item) in gone])
        self._all = [item for item in self._all if id(item) not in gone]
        self.set_kind(self._kind)

    def undo(self) -> list[Kept]:
        """Bring back what was deleted last, in its place; returns it."""
        batch = self._deleted.pop() if self._deleted else []
        for index, item in batch:
            self._all.insert(min(index, len(self._all)), item)
        self.set_kind(self._kind)
        return [item for _, item in batch]
