"""Label source: a place that says which class each picture is of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Of the paths of pictures in a tree the class of each, None where it has none; None: none has.
ClassesOf = Callable[[Sequence[str]], "list[str | None] | None"]


@dataclass(frozen=True)
class LabelSource:
    """A place that says which class the pictures of one tree are of.

    Args:
        key: what people write to choose it, such as "folders" or the name of a column.
        title: what it is, in words: "folders", "the column label of metadata.csv".
        rank: the lowest of those there are is taken; None: only where it is asked for.
        classes: of the pictures' paths.
        are_parts: whether they are parts of the set, such as train and test.
    """

    key: str
    title: str
    rank: int | None
    classes: ClassesOf
    are_parts: bool = False
