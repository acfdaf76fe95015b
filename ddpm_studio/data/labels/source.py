"""Label source: the interface of anything that gives the class of each picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Maps paths of pictures in a tree to their classes, None where one has none; None if none has.
ClassesOf = Callable[[Sequence[str]], "list[str | None] | None"]


@dataclass(frozen=True)
class LabelSource:
    """A source of labels for the pictures of one tree.

    Args:
        key: the value of ``--labels`` that selects it, such as "folders" or the name of a column.
        title: its description in words: "folders", "the column label of metadata.csv".
        rank: precedence; the source with the lowest rank is used. None: only if asked for.
        classes: returns the class of each picture, given the paths.
        are_splits: whether its values are splits of the set, such as train and test.
    """

    key: str
    title: str
    rank: int | None
    classes: ClassesOf
    are_splits: bool = False
