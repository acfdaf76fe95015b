"""Several arrays under names, as npz, HDF5 and torch files hold them: pictures, labels, splits.

The names that people use say which is which: ``images`` and ``labels``, ``x_train`` and
``y_train`` (Keras), ``train_images`` and ``train_labels`` (MedMNIST), ``data`` and ``labels``
(ImageNet32), ``arr_0`` and ``arr_1`` (guided-diffusion).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ddpm_studio.data.formats.array_rows import Array, ArrayRows
from ddpm_studio.data.formats.layouts import layout_of
from ddpm_studio.data.formats.reading import Part, Reading
from ddpm_studio.data.splits import aside_told, split_of, taken_splits
from ddpm_studio.errors import StudioError, plain

# Of several arrays of pictures the first of these names is taken.
_IMAGE_WORDS = (
    *("images", "x", "arr_0", "image", "data", "imgs", "img", "pictures", "samples", "pixels"),
)
_LABEL_WORDS = (
    *("labels", "y", "label", "targets", "target", "classes", "cls", "class", "arr_1"),
    *("fine_labels", "coarse_labels"),
)
_SHOWN = 6
# So many different values for a picture each are numbers, not classes.
_MOST_CLASSES = 1000


@dataclass(frozen=True)
class Named:
    """An array that has not been read yet.

    Args:
        name: its own, such as "x_train".
        shape: of it.
        dtype: of its numbers.
        rows: returns it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    rows: Callable[[], ArrayRows]

    @property
    def split(self) -> str | None:
        """The part of the set that its name tells, such as "train"."""
        return next(filter(None, map(split_of, self._words)), None)

    @property
    def stem(self) -> str:
        """Its name in lower case without the part, such as "x"."""
        return "_".join(word for word in self._words if split_of(word) is None)

    @property
    def _words(self) -> list[str]:
        name = self.name.casefold()
        if name in (*_IMAGE_WORDS, *_LABEL_WORDS):
            return [name]
        words = [part for part in re.split(r"[^a-z0-9]+", name) if part]
        # "Xtr" and the like are not guessed; "trainX" and "XTrain" are.
        return [piece for word in words for piece in _halves(word)]

    @property
    def holds_labels(self) -> bool:
        """Whether name and shape are those of labels."""
        return len(self.shape) <= 2 and self.stem in _LABEL_WORDS

    def holds_pictures(self, asked: str | None) -> bool:
        """Whether its shape is that of pictures."""
        few = len(self.shape) < 3 and self.stem not in _IMAGE_WORDS
        return self.dtype.kind in "biufcOV" and not few and layout_of(self.shape, asked) is not None


def parts_of(arrays: Sequence[Named], reading: Reading, name: str) -> list[Part]:
    """Return the pictures among the arrays, of the parts of the set that are asked for.

    Args:
        arrays: all there are.
        reading: what was asked for, and where to tell what was taken.
        name: what people know the file by.

    Raises:
        StudioError: there are none, or several and nothing says which.
    """
    chosen = _pictures(arrays, reading, name)
    taken = taken_splits([one.split for one in chosen], reading.options.split)
    aside: dict[str, int] = {}
    for one in chosen:
        if one.split not in taken and one.split is not None:
            aside[one.split] = aside.get(one.split, 0) + one.shape[0]
    if line := aside_told(aside):
        reading.warnings.append(f"{name}: {line}")
    parts = []
    for one in chosen:
        if one.split in taken:
            called = name if len(chosen) == 1 else f"{name}:{plain(one.name, 60)}"
            rows = one.rows()
            # As many labels as there are planes: three pictures, and not the colours of one.
            labels = {other.shape[:1] for other in arrays if other.holds_labels}
            planes = len(one.shape) == 3 and one.shape[:1] in labels and one.shape[0] != 1
            axes = "NHW" if planes and reading.options.layout is None else None
            layout = reading.layout(called, one.shape, axes)
            classes = _classes(one, layout.count, arrays, reading, called)
            parts.append(Part(called, rows, layout, classes))
    return parts


def _pictures(arrays: Sequence[Named], reading: Reading, name: str) -> list[Named]:
    asked = reading.options.array
    held = ", ".join(plain(one.name, 60) for one in arrays[:_SHOWN]) or "nothing"
    if asked is not None:
        found = [one for one in arrays if one.name.casefold() == asked.casefold()]
        if not found:
            raise StudioError(f"{name} holds no {plain(asked, 60)}.", f"It holds {held}.")
        return found
    layout = reading.options.layout
    for word in _IMAGE_WORDS:
        found = [one for one in arrays if one.stem == word]
        if found:
            return found
    found = [one for one in arrays if one.holds_pictures(layout) and one.stem not in _LABEL_WORDS]
    if len(found) > 1 and len({one.split for one in found}) < len(found):
        several = ", ".join(plain(one.name, 60) for one in found[:_SHOWN])
        raise StudioError(
            f"{name} holds several arrays of pictures: {several}.",
            f"Say which: --array {plain(found[0].name, 60)}.",
        )
    if not found:
        raise StudioError(
            f"{name} holds {held}, and no pictures by a known name.",
            f"Name the array one of {', '.join(_IMAGE_WORDS[:4])}, or say its name: --array NAME.",
        )
    return found


def _classes(
    pictures: Named, count: int, arrays: Sequence[Named], reading: Reading, called: str
) -> list[str] | None:
    """Return the class of each picture by the labels beside them.

    Other arrays of a number or a text for each picture may be asked for; a lone one is taken if
    few enough of its values differ.
    """
    there = [one for one in arrays if one is not pictures and one.split == pictures.split]
    beside = {
        one.name: one for one in there if one.stem in _LABEL_WORDS or _looks_like_labels(one, count)
    }
    others = {one.name: one for one in there if _one_each(one, count) and one.name not in beside}
    if not beside and len(others) == 1 and not reading.first_rules:
        beside = {name: one for name, one in others.items() if _few_values(one, count)}
    if reading.own.asked in others:
        beside |= others
    ordered = sorted(beside, key=lambda key: _rank(beside[key].stem))
    taken = reading.own_labels(
        called, {key: partial(_all, beside[key].rows) for key in ordered}, count
    )
    if not reading.first_rules:
        reading.own.found += [name for name in others if name not in reading.own.found]
    return taken


def _rank(stem: str) -> int:
    return _LABEL_WORDS.index(stem) if stem in _LABEL_WORDS else len(_LABEL_WORDS)


def _looks_like_labels(one: Named, count: int) -> bool:
    return one.shape in ((count,), (count, 1)) and one.dtype.kind in "uiUS" and "label" in one.stem


def _one_each(one: Named, count: int) -> bool:
    """Whether an array has a whole number or a text for each picture."""
    return count > 1 and one.shape in ((count,), (count, 1)) and one.dtype.kind in "biuUS"


def _few_values(one: Named, count: int) -> bool:
    different = len(np.unique(_all(one.rows)))
    return 1 < different <= min(_MOST_CLASSES, max(2, count // 2))


def _all(rows: Callable[[], ArrayRows]) -> Array:
    found = rows()
    return found[np.arange(found.shape[0])] if found.shape else np.empty(0)


def _halves(word: str) -> list[str]:
    for known in ("train", "test", "val"):
        rest = word.removeprefix(known) if word.startswith(known) else word.removesuffix(known)
        if rest != word and rest in (*_IMAGE_WORDS, *_LABEL_WORDS):
            return [known, rest]
    return [word]
