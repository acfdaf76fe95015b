"""Gallery model: kept pictures, filter, sort order and deletions that can be undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from ddpm_studio.gui.workspace.undo_order import next_change
from ddpm_studio.jobs.drawing.recipes import Recipe, drawing_id
from ddpm_studio.jobs.library.gallery import GalleryEntry

Order = Literal["newest", "oldest", "rating", "t", "seed", "run"]


@dataclass(frozen=True)
class Filter:
    """Filter of the gallery; a field that is empty, None or 0 accepts all pictures."""

    kind: str = ""
    run: Path | None = None
    sampler: str = ""
    stars: int = 0
    board: str = ""

    def passes(self, item: GalleryEntry) -> bool:
        """Whether a picture passes the filter."""
        return (
            self.kind in ("", item.kind)
            and self.run in (None, item.run)
            and self.sampler in ("", item.sampler)
            and item.rating >= self.stars
            and self.board in ("", *item.boards)
        )


@dataclass(eq=False)
class _Deletion:
    """Deleted pictures, with the number of the change, see :func:`next_change`."""

    items: list[GalleryEntry]
    number: int


class GalleryItems:
    """Gallery model: all kept pictures and, in ``shown``, those that pass the filter, sorted."""

    def __init__(self) -> None:
        self._all: list[GalleryEntry] = []
        self._deleted: list[_Deletion] = []
        # Being restored: deletions whose files are not back yet.
        self._restoring: list[_Deletion] = []
        self.filter = Filter()
        self.order: Order = "newest"
        self.shown: list[GalleryEntry] = []

    def __len__(self) -> int:
        return len(self._all)

    @property
    def can_undo(self) -> bool:
        """Whether there is a deletion to undo."""
        return bool(self._deleted)

    @property
    def last_change(self) -> int | None:
        """Number of the deletion to undo next, from :func:`next_change`; None: none."""
        return self._deleted[-1].number if self._deleted else None

    @property
    def runs(self) -> list[Path]:
        """The runs that have kept pictures, sorted."""
        return sorted({item.run for item in self._all})

    @property
    def samplers(self) -> list[str]:
        """The samplers of the kept pictures, sorted."""
        return sorted({item.sampler for item in self._all if item.sampler})

    @property
    def boards(self) -> dict[str, int]:
        """Number of pictures of each board, sorted by name."""
        found = Counter(board for item in self._all for board in item.boards)
        return dict(sorted(found.items(), key=lambda entry: entry[0].casefold()))

    def of_board(self, board: str) -> list[GalleryEntry]:
        """Return all pictures on a board, including those that are filtered out."""
        return [item for item in self._all if board in item.boards]

    def put(self, items: Iterable[GalleryEntry], board: str, on: bool) -> list[GalleryEntry]:
        """Add pictures to a board, or remove them; return those that changed.

        ``shown`` changes with the next :meth:`refresh`.
        """
        changed = [item for item in items if (board in item.boards) != on]
        for item in changed:
            others = (name for name in item.boards if name != board)
            item.boards = tuple(sorted((*others, board) if on else others))
        return changed

    def next_seed(self, run: Path) -> int:
        """Return the smallest seed above those of all pictures of a run."""
        seeds = (item.seed for item in self._all if item.run == run)
        return max((seed for seed in seeds if seed is not None), default=-1) + 1

    def has_drawing(self, recipe: Recipe) -> bool:
        """Whether there are already pictures of the same drawing, by its ``drawing_id``."""
        identifier = drawing_id(recipe)
        return any(item.drawing == identifier for item in self._all)

    def move_run(self, old: Path, new: Path | None) -> None:
        """Update the path of a run that was moved; None: it was deleted, with its pictures."""
        if self.filter.run == old:
            self.filter = replace(self.filter, run=new)
        batches = [self._all, *(part.items for part in chain(self._deleted, self._restoring))]
        if new is not None:
            for item in chain(*batches):
                if item.run == old:
                    item.run = new
        else:
            for batch in batches:
                batch[:] = [item for item in batch if item.run != old]
            self._drop_empty()
        self.refresh()

    def add(self, entries: Iterable[GalleryEntry]) -> None:
        """Add pictures, except for those that are there already."""
        existing = {(item.run, item.number) for item in self._all if item.unsaved is None}
        self._all += [
            entry for entry in entries if entry.unsaved or (entry.run, entry.number) not in existing
        ]
        self.refresh()

    def refresh(self) -> None:
        """Filter and sort ``shown`` again."""
        shown = [item for item in self._all if self.filter.passes(item)]
        newest: dict[str, tuple[float, int]] = {}
        for item in self._all:
            newest[item.drawing] = max(newest.get(item.drawing, (0.0, 0)), (item.made, item.number))

        def newest_first(item: GalleryEntry) -> tuple[Any, ...]:
            # Newest drawing first; pictures of one drawing by index.
            created_at, number = newest[item.drawing]
            return (-created_at, -number, item.drawing, item.index)

        def oldest_first(item: GalleryEntry) -> tuple[Any, ...]:
            created_at, number = newest[item.drawing]
            return (created_at, number, item.drawing, item.index)

        def none_last(number: int | None) -> tuple[bool, int]:
            return (number is None, number or 0)

        keys: dict[Order, Callable[[GalleryEntry], tuple[Any, ...]]] = {
            "newest": newest_first,
            "oldest": oldest_first,
            "rating": lambda item: (-item.rating, *newest_first(item)),
            "t": lambda item: (*none_last(item.t), *newest_first(item)),
            "seed": lambda item: (*none_last(item.seed), *newest_first(item)),
            "run": lambda item: (item.run.name.casefold(), item.run, *newest_first(item)),
        }
        self.shown = sorted(shown, key=keys[self.order])

    def delete(self, items: Sequence[GalleryEntry]) -> None:
        """Remove pictures; :meth:`undo` begins to restore them."""
        gone = {id(item) for item in items}
        self._deleted.append(_Deletion(list(items), next_change()))
        self._all = [item for item in self._all if id(item) not in gone]
        self.refresh()

    def undo(self) -> list[GalleryEntry]:
        """Return the last deleted batch; :meth:`add_restored` adds it once its files are back."""
        if not self._deleted:
            return []
        self._restoring.append(self._deleted.pop())
        return self._restoring[-1].items

    def add_restored(self, batch: list[GalleryEntry], lost: Sequence[GalleryEntry] = ()) -> None:
        """Add a batch returned by :meth:`undo` again, once its files are restored.

        Those of ``lost`` are not, and stay deleted, until they are restored by another undo.
        """
        self._all += [item for item in batch if item not in lost]
        for deletion in [part for part in self._restoring if part.items is batch]:
            self._restoring.remove(deletion)
            if lost:
                self._deleted.append(_Deletion(list(lost), deletion.number))
        self.refresh()

    def keep(self, items: Sequence[GalleryEntry]) -> None:
        """Add deleted pictures again, whose files could not be deleted.

        Those that :meth:`undo` has returned are left to :meth:`add_restored`.
        """
        for deletion in self._deleted:
            self._all += [item for item in deletion.items if item in items]
            deletion.items = [item for item in deletion.items if item not in items]
        self._drop_empty()
        self.refresh()

    def _drop_empty(self) -> None:
        self._deleted = [deletion for deletion in self._deleted if deletion.items]
