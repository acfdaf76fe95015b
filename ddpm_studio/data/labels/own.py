"""Labels that lie in arrays beside the pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
#: Names of label arrays, the most likely first, and what reads each.
OwnChoices = Mapping[str, Callable[[], Array]]
#: The word for no classes at all.
NONE = "none"


@dataclass
class OwnLabels:
    """The labels that arrays bring with them, and those of them that were taken.

    Args:
        asked: the name that a person has said; None: the most likely.
        found: every name that there is.
        taken: those that were taken.
        last: the one of them that was taken last.
    """

    asked: str | None = None
    found: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    last: str = ""

    def choose(self, choices: OwnChoices) -> list[str]:
        """Return the names to try, in this order."""
        self.found += [key for key in choices if key not in self.found]
        if self.asked is None or self.asked == "own":
            return list(choices)
        return [key for key in choices if key.casefold() == self.asked.casefold()]

    def add(self, other: OwnLabels) -> None:
        """Take what was found and taken elsewhere, too."""
        self.found += [key for key in other.found if key not in self.found]
        self.taken += [key for key in other.taken if key not in self.taken]

    def note(self, key: str) -> None:
        """Note that labels of this name were taken."""
        self.last = key
        if key not in self.taken:
            self.taken.append(key)


def class_names(labels: Array, count: int) -> list[str] | None:
    """Return the class of each of ``count`` pictures; None: these are no labels of them.

    Whole numbers, also as floats, texts, and rows of which one number is 1 (one-hot).
    """
    if labels.shape[:1] != (count,):
        return None
    kind = labels.dtype.kind
    if labels.ndim == 2 and labels.shape[1] > 1 and kind in "biuf":
        ones = labels == 1
        if not (bool((ones.sum(1) == 1).all()) and bool(((labels == 0) | ones).all())):
            return None
        return [str(number) for number in ones.argmax(1).tolist()]
    if labels.size != count:
        return None
    flat = labels.reshape(-1)
    if kind == "f":
        if not bool((flat == np.rint(flat)).all()):
            return None
        flat = flat.astype(np.int64)
    if kind == "S":
        return [one.decode("utf-8", "replace") for one in flat.tolist()]
    return [str(one) for one in flat.tolist()] if kind in "iufUb" else None


def why_no_classes(labels: Array, count: int) -> str:
    """Return why labels are not the classes of ``count`` pictures."""
    if labels.shape[:1] == (count,):
        kind = labels.dtype.kind
        if labels.ndim == 2 and kind in "biuf" and bool(((labels == 0) | (labels == 1)).all()):
            return "a picture is of several classes at once, or of none, and here it is of one"
        if labels.size == count and kind == "f":
            return "they are measures, and no whole numbers"
    return f"{labels.dtype} {labels.shape} does not go with {count:,} pictures"
