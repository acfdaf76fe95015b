"""Sets of several array files: pairing files of pictures with files of labels, and splits.

KMNIST has ``kmnist-train-imgs.npz`` and ``kmnist-train-labels.npz``, PatchCamelyon ``…_x.h5`` and
``…_y.h5``, ImageNet32 ``train_data_batch_1.npz`` and ``val_data.npz``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from ddpm_studio.data.formats.named_arrays import (
    IMAGE_WORDS,
    LABEL_WORDS,
    NamedArray,
    find_picture_arrays,
)
from ddpm_studio.data.formats.reading import PictureArray, Reading
from ddpm_studio.data.items import File
from ddpm_studio.data.report import Reject
from ddpm_studio.data.splits import left_out_warning, selected_splits, split_of
from ddpm_studio.errors import StudioError

_WORD = re.compile(r"[^\W_]+")
# Words that distinguish a file of pictures from the file of its labels, named alike otherwise.
_KIND_WORDS = frozenset((*IMAGE_WORDS, *LABEL_WORDS))


class _HasSplit(Protocol):
    @property
    def split(self) -> str | None: ...


_Splittable = TypeVar("_Splittable", bound=_HasSplit)


@dataclass(frozen=True)
class _ArrayFile:
    file: File
    arrays: Sequence[NamedArray]

    @property
    def split(self) -> str | None:
        """The split that the file's name gives, or None."""
        return next(filter(None, map(split_of, self._words)), None)

    @property
    def pairing_key(self) -> tuple[str, ...]:
        """Pairing key: folder and words of its name, without those for pictures or labels."""
        folder = self.file.name.rpartition("/")[0]
        return (folder, *without_kind_words(self._words))

    def holds_pictures(self, layout: str | None) -> bool:
        return any(
            array.holds_pictures(layout) and (len(array.shape) > 2 or not array.holds_labels)
            for array in self.arrays
            if max(array.shape[1:], default=1) > 1
        )

    @property
    def _words(self) -> list[str]:
        return _WORD.findall(self.file.name.rpartition("/")[2].rpartition(".")[0].casefold())


def find_arrays_in_files(
    files: Sequence[File], reading: Reading, arrays_of: Callable[[File], Sequence[NamedArray]]
) -> list[PictureArray]:
    """Return the arrays of pictures in some files, each with its labels.

    Of several files, those that can't be used are left out and added to the rejects.

    Args:
        files: files of named arrays.
        reading: the options, and where to add notes and rejects.
        arrays_of: returns the arrays of a file, or raises StudioError.

    Raises:
        StudioError: the only file is damaged, or holds no pictures.
    """
    if reading.first_rules or len(files) == 1:
        return [
            array
            for file in files
            for array in find_picture_arrays(arrays_of(file), reading, reading.shown(file.name))
        ]
    array_files: list[_ArrayFile] = []
    for file in files:
        try:
            array_files.append(_ArrayFile(file, arrays_of(file)))
        except StudioError as error:
            reject_file(file, error.cause, reading)
    layout = reading.options.layout
    picture_files = [array_file for array_file in array_files if array_file.holds_pictures(layout)]
    selected = filter_by_split(picture_files, reading)
    label_arrays: dict[tuple[str, ...], list[NamedArray]] = {}
    for array_file in array_files:
        if array_file not in picture_files:
            label_arrays.setdefault(array_file.pairing_key, []).extend(array_file.arrays)
    picture_keys = {array_file.pairing_key for array_file in picture_files}
    for array_file in array_files:
        if array_file not in picture_files and array_file.pairing_key not in picture_keys:
            reject_file(array_file.file, f"it holds {_array_names(array_file.arrays)}", reading)
    parts: list[PictureArray] = []
    for array_file in selected:
        labels_of_file = [
            replace(array, name="labels")
            for array in label_arrays.get(array_file.pairing_key, ())[:1]
        ]
        try:
            parts += find_picture_arrays(
                [*array_file.arrays, *labels_of_file],
                reading,
                reading.shown(array_file.file.name),
                array_file.file.name,
            )
        except StudioError as error:
            reject_file(array_file.file, error.cause, reading)
    return parts


def without_kind_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return the words without those that tell pictures from their labels, such as "images"."""
    return tuple(word for word in words if word.casefold() not in _KIND_WORDS)


def filter_by_split(files: Sequence[_Splittable], reading: Reading) -> list[_Splittable]:
    """Return the files of the split asked for, judging by their names; add a warning of others."""
    splits = [file.split for file in files]
    if reading.options.split is not None and reading.options.split not in splits:
        # The splits may be arrays or folders instead.
        return list(files)
    selected = selected_splits(splits, reading.options.split)
    left_out: dict[str, int] = {}
    for split in splits:
        if split not in selected and split is not None:
            left_out[split] = left_out.get(split, 0) + 1
    if warning := left_out_warning(left_out, "file"):
        reading.warn(warning)
    return [file for file, split in zip(files, splits, strict=True) if split in selected]


def reject_file(file: File, reason: str, reading: Reading) -> None:
    """Add a file that holds no usable pictures to the rejects."""
    reading.rejects.append(Reject(reading.shown(file.name), f"no pictures: {reason}"))


def _array_names(arrays: Sequence[NamedArray]) -> str:
    return ", ".join(array.name for array in arrays[:3]) or "nothing"
