"""Named arrays of npz, HDF5 and torch files: finding pictures, labels and splits by name.

The names in common use identify them: ``images`` and ``labels``, ``x_train`` and ``y_train``
(Keras), ``train_images`` and ``train_labels`` (MedMNIST), ``data`` and ``labels`` (ImageNet32),
``arr_0`` and ``arr_1`` (guided-diffusion).
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
from ddpm_studio.data.formats.reading import PictureArray, Reading
from ddpm_studio.data.report import listed
from ddpm_studio.data.splits import left_out_warning, selected_splits, split_of
from ddpm_studio.errors import StudioError, printable

#: Names of arrays of pictures; of several such arrays, the first of these names is taken.
IMAGE_WORDS = (
    *("images", "x", "arr_0", "image", "data", "imgs", "img", "pictures", "samples", "pixels"),
)
#: Names of arrays of labels, the most likely first.
LABEL_WORDS = (
    *("labels", "y", "label", "targets", "target", "classes", "cls", "class", "arr_1"),
    *("fine_labels", "coarse_labels"),
)
# Abbreviated splits after x and y, as in "x_tr".
_ABBREVIATIONS = {"tr": "train", "te": "test", "va": "val"}
#: Names of lists of class names.
NAMES = re.compile(
    r"(?:list_)?(?:class|label|target|category)(?:es|s)?_?(?:names?)?|names|categories|classes"
)
_DIGITS = re.compile(r"\d+")
#: Largest number of array names in a message.
MAX_LISTED = 6
# With more distinct values than this, an array holds measurements, not classes.
_MAX_CLASSES = 1000


@dataclass(frozen=True)
class NamedArray:
    """A named array that has not been read yet.

    Args:
        name: its name in the file, such as "x_train".
        shape: its shape.
        dtype: its dtype.
        rows: opens the array and returns its rows.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    rows: Callable[[], ArrayRows]

    @property
    def split(self) -> str | None:
        """The split that its name gives, such as "train", or None."""
        return next(filter(None, map(split_of, self._words)), None)

    @property
    def stem(self) -> str:
        """Its name in lower case without the split, such as "x"."""
        return "_".join(word for word in self._words if split_of(word) is None)

    @property
    def _words(self) -> list[str]:
        name = self.name.casefold()
        if name in (*IMAGE_WORDS, *LABEL_WORDS):
            return [name]
        words = [part for part in re.split(r"[^a-z0-9]+", name) if part]
        # "trainX", "XTrain" and "Xtr".
        words = [piece for word in words for piece in _split_word(word)]
        return [_ABBREVIATIONS.get(word, word) for word in words] if len(words) > 1 else words

    @property
    def holds_labels(self) -> bool:
        """Whether its name and shape are those of labels."""
        return len(self.shape) <= 2 and self.stem in LABEL_WORDS

    def holds_pictures(self, asked: str | None) -> bool:
        """Whether its shape and dtype may be those of pictures; ``asked`` is the layout or None."""
        few = len(self.shape) < 3 and self.stem not in IMAGE_WORDS
        return self.dtype.kind in "biufcOV" and not few and layout_of(self.shape, asked) is not None


def find_picture_arrays(
    arrays: Sequence[NamedArray], reading: Reading, name: str, origin: str = ""
) -> list[PictureArray]:
    """Return the arrays of pictures among named arrays, of the split asked for, with labels.

    Args:
        arrays: all arrays of the file.
        reading: the options, and where to add notes and warnings.
        name: name of the file, for messages.
        origin: the name of the file in its tree, where its folders may give a class.

    Raises:
        StudioError: there are no pictures, or the choice among several arrays is ambiguous.
    """
    arrays = _without_class_names(arrays, reading, name)
    if lone := _numbered_picture_arrays(arrays, reading):
        return _single_picture_parts(lone, arrays, reading, name, origin)
    chosen = _pictures(arrays, reading, name)
    selected = selected_splits([one.split for one in chosen], reading.options.split)
    left_out: dict[str, int] = {}
    for one in chosen:
        if one.split not in selected and one.split is not None:
            left_out[one.split] = left_out.get(one.split, 0) + one.shape[0]
    if line := left_out_warning(left_out):
        reading.warnings.append(f"{name}: {line}")
    parts = []
    for one in chosen:
        if one.split in selected:
            called = name if len(chosen) == 1 else f"{name}:{printable(one.name, 60)}"
            rows = one.rows()
            # As many labels as planes: (3, H, W) is three pictures and not one in colour.
            labels = {other.shape[:1] for other in arrays if other.holds_labels}
            planes = len(one.shape) == 3 and one.shape[:1] in labels and one.shape[0] != 1
            axes = "NHW" if planes and reading.options.layout is None else None
            if one.dtype.kind == "O":
                raise StudioError(
                    f"{called} holds pieces of different lengths, such as packed pictures.",
                    "Unpack them, and save one array (N, H, W, C), or save them as files.",
                )
            if one.dtype.kind == "V" and not reading.first_rules:
                raise StudioError(
                    f"{called} holds records of several fields, and no pictures.",
                    "Save one field of it as an array of its own.",
                )
            layout = reading.layout(called, one.shape, axes)
            classes = _classes(one, layout.count, arrays, reading, called)
            parts.append(PictureArray(called, rows, layout, classes, origin))
    _note_unread(chosen, arrays, reading, name)
    return parts


def _without_class_names(
    arrays: Sequence[NamedArray], reading: Reading, name: str
) -> list[NamedArray]:
    """Return the arrays without lists of class names, which are stored in the reading."""
    others = []
    counts = {one.shape[0] for one in arrays if len(one.shape) > 2}
    for one in arrays:
        is_list = len(one.shape) == 1 and one.dtype.kind in "USO" and one.shape[0] not in counts
        if is_list and NAMES.fullmatch(one.stem) and not reading.first_rules:
            title = f"{printable(one.name, 60)} of {name}"
            if reading.set_class_names(_read_all(one.rows).tolist(), title):
                continue
        others.append(one)
    return others


def _numbered_picture_arrays(arrays: Sequence[NamedArray], reading: Reading) -> list[NamedArray]:
    """Return the arrays of one picture each if they are numbered, such as img000, img001."""
    if reading.first_rules or reading.options.array is not None:
        return []
    asked = reading.options.layout
    several = [one for one in arrays if len(one.shape) > 1 and one.dtype.kind in "biuf"]
    lone = [one for one in several if _is_single_picture(one, asked)]
    ends = {_DIGITS.sub("#", one.name.rpartition("/")[2]) for one in lone}
    if len(lone) < 2 or len(ends) > 1 or "#" not in next(iter(ends)):
        return []
    named = {one.name for one in lone}
    others = [one for one in several if one.name not in named and one.holds_pictures(asked)]
    return [] if others else lone


def _is_single_picture(one: NamedArray, asked: str | None) -> bool:
    layout = layout_of(one.shape, asked)
    return layout is not None and "N" not in layout.axes


def _single_picture_parts(
    lone: Sequence[NamedArray],
    arrays: Sequence[NamedArray],
    reading: Reading,
    name: str,
    origin: str,
) -> list[PictureArray]:
    """Return arrays of one picture each as parts; the groups that hold them may be classes."""
    selected = selected_splits([one.split for one in lone], reading.options.split)
    left = [one for one in lone if one.split in selected]
    left_out: dict[str, int] = {}
    for one in lone:
        if one.split not in selected and one.split is not None:
            left_out[one.split] = left_out.get(one.split, 0) + 1
    if line := left_out_warning(left_out):
        reading.warnings.append(f"{name}: {line}")
    groups = [one.name.rpartition("/")[0].rpartition("/")[2] for one in left]
    named = {one.name for one in lone}
    others = [one for one in arrays if one.name not in named]
    classes = _classes(left[0], len(left), others, reading, name)
    if classes is None and len(set(groups)) > 1:
        classes = reading.own_labels(name, {"groups": lambda: np.array(groups)}, len(left))
    _note_unread(lone, arrays, reading, name)
    return [
        PictureArray(
            f"{name}:{printable(one.name, 60)}",
            one.rows(),
            reading.layout(name, one.shape),
            classes and [classes[number]],
            origin,
        )
        for number, one in enumerate(left)
    ]


def _note_unread(
    chosen: Sequence[NamedArray], arrays: Sequence[NamedArray], reading: Reading, name: str
) -> None:
    """Add a note on arrays that are neither pictures nor possible labels."""
    if reading.first_rules:
        return
    counts = {one.shape[0] for one in chosen} | {len(chosen)}
    read = {one.name for one in chosen} | set(reading.own.found)
    unread = [
        one
        for one in arrays
        if one.name not in read
        and not one.holds_labels
        and not any(_has_one_per_picture(one, count) for count in counts)
    ]
    if unread:
        named = listed([printable(one.name, 60) for one in unread], MAX_LISTED)
        option = (
            "; --array NAME reads another"
            if any(one.holds_pictures(None) for one in unread)
            else ""
        )
        reading.notes.append(f"{name}: not read: {named}{option}.")


def _pictures(arrays: Sequence[NamedArray], reading: Reading, name: str) -> list[NamedArray]:
    asked = reading.options.array
    held = ", ".join(printable(one.name, 60) for one in arrays[:MAX_LISTED]) or "nothing"
    if asked is not None:
        found = [one for one in arrays if one.name.casefold() == asked.casefold()]
        if not found:
            raise StudioError(f"{name} holds no {printable(asked, 60)}.", f"It holds {held}.")
        return found
    layout = reading.options.layout
    for word in IMAGE_WORDS:
        found = [one for one in arrays if one.stem == word]
        if found:
            return found
    found = [one for one in arrays if one.holds_pictures(layout) and one.stem not in LABEL_WORDS]
    # Complex spectra often come with the pictures reconstructed from them.
    found = [one for one in found if one.dtype.kind != "c"] or found
    if len(found) > 1 and len({one.split for one in found}) < len(found):
        several = ", ".join(printable(one.name, 60) for one in found[:MAX_LISTED])
        raise StudioError(
            f"{name} holds several arrays of pictures: {several}.",
            f"Say which: --array {printable(found[0].name, 60)}.",
        )
    if not found:
        raise StudioError(
            f"{name} holds {held}, and no pictures by a known name.",
            f"Name the array one of {', '.join(IMAGE_WORDS[:4])}, or say its name: --array NAME.",
        )
    return found


def _classes(
    pictures: NamedArray, count: int, arrays: Sequence[NamedArray], reading: Reading, called: str
) -> list[str | None] | None:
    """Return the class of each picture from the arrays of labels of its split.

    Other arrays with one integer or string per picture may be asked for by name; if there are no
    labels and only one such array, it is used if it has few enough distinct values.
    """
    there = [one for one in arrays if one is not pictures and one.split == pictures.split]
    label_arrays = {
        one.name: one for one in there if one.stem in LABEL_WORDS or _looks_like_labels(one, count)
    }
    others = {
        one.name: one
        for one in there
        if _has_one_per_picture(one, count) and one.name not in label_arrays
    }
    if not label_arrays and len(others) == 1 and not reading.first_rules:
        label_arrays = {name: one for name, one in others.items() if _has_few_values(one, count)}
    if reading.own.asked in others:
        label_arrays |= others
    ordered = sorted(label_arrays, key=lambda key: _label_rank(label_arrays[key].stem))
    selected = reading.own_labels(
        called, {key: partial(_read_all, label_arrays[key].rows) for key in ordered}, count
    )
    if not reading.first_rules:
        reading.own.found += [name for name in others if name not in reading.own.found]
    return selected


def _label_rank(stem: str) -> int:
    return LABEL_WORDS.index(stem) if stem in LABEL_WORDS else len(LABEL_WORDS)


def _looks_like_labels(one: NamedArray, count: int) -> bool:
    return one.shape in ((count,), (count, 1)) and one.dtype.kind in "uiUS" and "label" in one.stem


def _has_one_per_picture(one: NamedArray, count: int) -> bool:
    """Whether an array has one boolean, integer or string for each picture."""
    return count > 1 and one.shape in ((count,), (count, 1)) and one.dtype.kind in "biuUS"


def _has_few_values(one: NamedArray, count: int) -> bool:
    different = len(np.unique(_read_all(one.rows)))
    return 1 < different <= min(_MAX_CLASSES, max(2, count // 2))


def _read_all(rows: Callable[[], ArrayRows]) -> Array:
    found = rows()
    return found[np.arange(found.shape[0])] if found.shape else np.empty(0)


def _split_word(word: str) -> list[str]:
    for short, whole in _ABBREVIATIONS.items():
        if word in (f"x{short}", f"y{short}"):
            return [word[0], whole]
    for known in ("train", "test", "val"):
        rest = word.removeprefix(known) if word.startswith(known) else word.removesuffix(known)
        if rest != word and rest in (*IMAGE_WORDS, *LABEL_WORDS):
            return [known, rest]
    return [word]
