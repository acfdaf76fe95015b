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
        words = [word for word in re.split(r"[^a-z0-9]+", name) if word]
        # "trainX", "XTrain" and "Xtr".
        words = [piece for word in words for piece in _split_word(word)]
        return [_ABBREVIATIONS.get(word, word) for word in words] if len(words) > 1 else words

    @property
    def holds_labels(self) -> bool:
        """Whether its name and shape are those of labels."""
        return len(self.shape) <= 2 and self.stem in LABEL_WORDS

    def holds_pictures(self, layout: str | None) -> bool:
        """Whether its shape and dtype may be those of pictures, of the layout if it is given."""
        is_flat = len(self.shape) < 3 and self.stem not in IMAGE_WORDS
        return (
            self.dtype.kind in "biufcOV"
            and not is_flat
            and layout_of(self.shape, layout) is not None
        )


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
    if single_pictures := _numbered_picture_arrays(arrays, reading):
        return _single_picture_parts(single_pictures, arrays, reading, name, origin)
    chosen = _pictures(arrays, reading, name)
    selected = selected_splits([array.split for array in chosen], reading.options.split)
    left_out: dict[str, int] = {}
    for array in chosen:
        if array.split not in selected and array.split is not None:
            left_out[array.split] = left_out.get(array.split, 0) + array.shape[0]
    if warning := left_out_warning(left_out):
        reading.warnings.append(f"{name}: {warning}")
    parts = []
    for array in chosen:
        if array.split in selected:
            display_name = name if len(chosen) == 1 else f"{name}:{printable(array.name, 60)}"
            rows = array.rows()
            # As many labels as planes: (3, H, W) is three pictures and not one in colour.
            labels = {other_array.shape[:1] for other_array in arrays if other_array.holds_labels}
            are_planes = len(array.shape) == 3 and array.shape[:1] in labels and array.shape[0] != 1
            axes = "NHW" if are_planes and reading.options.layout is None else None
            if array.dtype.kind == "O":
                raise StudioError(
                    f"{display_name} holds pieces of different lengths, such as packed pictures.",
                    "Unpack them, and save one array (N, H, W, C), or save them as files.",
                )
            if array.dtype.kind == "V" and not reading.first_rules:
                raise StudioError(
                    f"{display_name} holds records of several fields, and no pictures.",
                    "Save one field of it as an array of its own.",
                )
            layout = reading.layout(display_name, array.shape, axes)
            classes = _classes(array, layout.count, arrays, reading, display_name)
            parts.append(PictureArray(display_name, rows, layout, classes, origin))
    _note_unread(chosen, arrays, reading, name)
    return parts


def _without_class_names(
    arrays: Sequence[NamedArray], reading: Reading, name: str
) -> list[NamedArray]:
    """Return the arrays without lists of class names, which are stored in the reading."""
    others = []
    counts = {array.shape[0] for array in arrays if len(array.shape) > 2}
    for array in arrays:
        is_list = (
            len(array.shape) == 1 and array.dtype.kind in "USO" and array.shape[0] not in counts
        )
        if is_list and NAMES.fullmatch(array.stem) and not reading.first_rules:
            title = f"{printable(array.name, 60)} of {name}"
            if reading.set_class_names(_read_all(array.rows).tolist(), title):
                continue
        others.append(array)
    return others


def _numbered_picture_arrays(arrays: Sequence[NamedArray], reading: Reading) -> list[NamedArray]:
    """Return the arrays of one picture each if they are numbered, such as img000, img001."""
    if reading.first_rules or reading.options.array is not None:
        return []
    layout = reading.options.layout
    candidates = [array for array in arrays if len(array.shape) > 1 and array.dtype.kind in "biuf"]
    single_pictures = [array for array in candidates if _is_single_picture(array, layout)]
    patterns = {_DIGITS.sub("#", array.name.rpartition("/")[2]) for array in single_pictures}
    if len(single_pictures) < 2 or len(patterns) > 1 or "#" not in next(iter(patterns)):
        return []
    names = {array.name for array in single_pictures}
    others = [
        array for array in candidates if array.name not in names and array.holds_pictures(layout)
    ]
    return [] if others else single_pictures


def _is_single_picture(array: NamedArray, axes: str | None) -> bool:
    layout = layout_of(array.shape, axes)
    return layout is not None and "N" not in layout.axes


def _single_picture_parts(
    single_pictures: Sequence[NamedArray],
    arrays: Sequence[NamedArray],
    reading: Reading,
    name: str,
    origin: str,
) -> list[PictureArray]:
    """Return arrays of one picture each as parts; the groups that hold them may be classes."""
    selected = selected_splits([array.split for array in single_pictures], reading.options.split)
    remaining = [array for array in single_pictures if array.split in selected]
    left_out: dict[str, int] = {}
    for array in single_pictures:
        if array.split not in selected and array.split is not None:
            left_out[array.split] = left_out.get(array.split, 0) + 1
    if warning := left_out_warning(left_out):
        reading.warnings.append(f"{name}: {warning}")
    groups = [array.name.rpartition("/")[0].rpartition("/")[2] for array in remaining]
    names = {array.name for array in single_pictures}
    others = [array for array in arrays if array.name not in names]
    classes = _classes(remaining[0], len(remaining), others, reading, name)
    if classes is None and len(set(groups)) > 1:
        classes = reading.own_labels(name, {"groups": lambda: np.array(groups)}, len(remaining))
    _note_unread(single_pictures, arrays, reading, name)
    return [
        PictureArray(
            f"{name}:{printable(array.name, 60)}",
            array.rows(),
            reading.layout(name, array.shape),
            classes and [classes[index]],
            origin,
        )
        for index, array in enumerate(remaining)
    ]


def _note_unread(
    chosen: Sequence[NamedArray], arrays: Sequence[NamedArray], reading: Reading, name: str
) -> None:
    """Add a note on arrays that are neither pictures nor possible labels."""
    if reading.first_rules:
        return
    counts = {array.shape[0] for array in chosen} | {len(chosen)}
    read_names = {array.name for array in chosen} | set(reading.own.found)
    unread = [
        array
        for array in arrays
        if array.name not in read_names
        and not array.holds_labels
        and not any(_has_one_per_picture(array, count) for count in counts)
    ]
    if unread:
        unread_names = listed([printable(array.name, 60) for array in unread], MAX_LISTED)
        option = (
            "; --array NAME reads another"
            if any(array.holds_pictures(None) for array in unread)
            else ""
        )
        reading.notes.append(f"{name}: not read: {unread_names}{option}.")


def _pictures(arrays: Sequence[NamedArray], reading: Reading, name: str) -> list[NamedArray]:
    requested = reading.options.array
    array_names = ", ".join(printable(array.name, 60) for array in arrays[:MAX_LISTED]) or "nothing"
    if requested is not None:
        found = [array for array in arrays if array.name.casefold() == requested.casefold()]
        if not found:
            raise StudioError(
                f"{name} holds no {printable(requested, 60)}.", f"It holds {array_names}."
            )
        return found
    layout = reading.options.layout
    for word in IMAGE_WORDS:
        found = [array for array in arrays if array.stem == word]
        if found:
            return found
    found = [
        array for array in arrays if array.holds_pictures(layout) and array.stem not in LABEL_WORDS
    ]
    # Complex spectra often come with the pictures reconstructed from them.
    found = [array for array in found if array.dtype.kind != "c"] or found
    if len(found) > 1 and len({array.split for array in found}) < len(found):
        found_names = ", ".join(printable(array.name, 60) for array in found[:MAX_LISTED])
        raise StudioError(
            f"{name} holds several arrays of pictures: {found_names}.",
            f"Say which: --array {printable(found[0].name, 60)}.",
        )
    if not found:
        raise StudioError(
            f"{name} holds {array_names}, and no pictures by a known name.",
            f"Name the array one of {', '.join(IMAGE_WORDS[:4])}, or say its name: --array NAME.",
        )
    return found


def _classes(
    pictures: NamedArray,
    count: int,
    arrays: Sequence[NamedArray],
    reading: Reading,
    display_name: str,
) -> list[str | None] | None:
    """Return the class of each picture from the arrays of labels of its split.

    Other arrays with one integer or string per picture may be asked for by name; if there are no
    labels and only one such array, it is used if it has few enough distinct values.
    """
    candidates = [
        array for array in arrays if array is not pictures and array.split == pictures.split
    ]
    label_arrays = {
        array.name: array
        for array in candidates
        if array.stem in LABEL_WORDS or _looks_like_labels(array, count)
    }
    others = {
        array.name: array
        for array in candidates
        if _has_one_per_picture(array, count) and array.name not in label_arrays
    }
    if not label_arrays and len(others) == 1 and not reading.first_rules:
        label_arrays = {
            name: array for name, array in others.items() if _has_few_values(array, count)
        }
    if reading.own.requested in others:
        label_arrays |= others
    ordered = sorted(label_arrays, key=lambda key: _label_rank(label_arrays[key].stem))
    selected = reading.own_labels(
        display_name, {key: partial(_read_all, label_arrays[key].rows) for key in ordered}, count
    )
    if not reading.first_rules:
        reading.own.found += [name for name in others if name not in reading.own.found]
    return selected


def _label_rank(stem: str) -> int:
    return LABEL_WORDS.index(stem) if stem in LABEL_WORDS else len(LABEL_WORDS)


def _looks_like_labels(array: NamedArray, count: int) -> bool:
    return (
        array.shape in ((count,), (count, 1))
        and array.dtype.kind in "uiUS"
        and "label" in array.stem
    )


def _has_one_per_picture(array: NamedArray, count: int) -> bool:
    """Whether an array has one boolean, integer or string for each picture."""
    return count > 1 and array.shape in ((count,), (count, 1)) and array.dtype.kind in "biuUS"


def _has_few_values(array: NamedArray, count: int) -> bool:
    distinct = len(np.unique(_read_all(array.rows)))
    return 1 < distinct <= min(_MAX_CLASSES, max(2, count // 2))


def _read_all(rows: Callable[[], ArrayRows]) -> Array:
    array = rows()
    return array[np.arange(array.shape[0])] if array.shape else np.empty(0)


def _split_word(word: str) -> list[str]:
    for abbreviation, split in _ABBREVIATIONS.items():
        if word in (f"x{abbreviation}", f"y{abbreviation}"):
            return [word[0], split]
    for split in ("train", "test", "val"):
        rest = word.removeprefix(split) if word.startswith(split) else word.removesuffix(split)
        if rest != word and rest in (*IMAGE_WORDS, *LABEL_WORDS):
            return [split, rest]
    return [word]
