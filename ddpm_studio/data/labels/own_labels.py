"""Labels stored in the same source as the pictures: arrays and table columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ddpm_studio.durations import format_count

Array = npt.NDArray[Any]
#: Functions that read the label arrays, by name, the most likely first.
OwnChoices = Mapping[str, Callable[[], Array]]
#: Value of the option ``labels`` for no classes at all.
NONE = "none"


@dataclass
class OwnLabels:
    """The label arrays found in sources of pictures, and those used.

    Args:
        requested: the name that the user has asked for; None for the most likely.
        found: the names of all label arrays.
        used: the names of those used.
        last: the name of the one used last.
    """

    requested: str | None = None
    found: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    last: str = ""

    def choose(self, choices: OwnChoices) -> list[str]:
        """Add the names to those found, and return the names to try, in order."""
        self.found += [key for key in choices if key not in self.found]
        if self.requested is None or self.requested == "own":
            return list(choices)
        return [key for key in choices if key.casefold() == self.requested.casefold()]

    def add(self, other: OwnLabels) -> None:
        """Merge the found and used names of another reading into this one."""
        self.found += [key for key in other.found if key not in self.found]
        self.used += [key for key in other.used if key not in self.used]

    def mark_used(self, key: str) -> None:
        """Record that the labels of this name were used."""
        self.last = key
        if key not in self.used:
            self.used.append(key)


def class_names(labels: Array, count: int) -> list[str] | None:
    """Convert a label array to the class of each of ``count`` pictures; None if it is not usable.

    Labels may be integers, floats without a fraction, strings, booleans, or one-hot rows.
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
        return [label.decode("utf-8", "replace") for label in flat.tolist()]
    return [str(label) for label in flat.tolist()] if kind in "iufUb" else None


def unusable_labels_reason(labels: Array, count: int) -> str:
    """Return the reason why a label array can't be used for ``count`` pictures."""
    if labels.shape[:1] == (count,):
        kind = labels.dtype.kind
        if labels.ndim == 2 and kind in "biuf" and bool(((labels == 0) | (labels == 1)).all()):
            return "a picture is of several classes at once, or of none, and here it is of one"
        if labels.size == count and kind == "f":
            return "they are measures, and no whole numbers"
    return f"{labels.dtype} {labels.shape} does not go with {format_count(count, 'picture')}"
