"""Sets of several array files: pairing files of pictures with files of labels, and splits.

KMNIST has ``kmnist-train-imgs.npz`` and ``kmnist-train-labels.npz``, PatchCamelyon ``…_x.h5`` and
``…_y.h5``, ImageNet32 ``train_data_batch_1.npz`` and ``val_data.npz``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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
        return (folder, *(word for word in self._words if word not in _KIND_WORDS))

    def holds_pictures(self, asked: str | None) -> bool:
        return any(
            one.holds_pictures(asked) and (len(one.shape) > 2 or not one.holds_labels)
            for one in self.arrays
            if max(one.shape[1:], default=1) > 1
        )

    @property
    def _words(self) -> list[str]:
        return _WORD.findall(self.file.name.rpartition("/")[2].rpartition(".")[0].casefold())


def find_arrays_in_files(
    files: Sequence[File], reading: Reading, listed: Callable[[File], Sequence[NamedArray]]
) -> list[PictureArray]:
    """Return the arrays of pictures in some files, each with its labels.

    Of several files, those that can't be used are left out and added to the rejects.

    Args:
        files: files of named arrays.
        reading: the options, and where to add notes and rejects.
        listed: returns the arrays of a file, or raises StudioError.

    Raises:
        StudioError: the only file is damaged, or holds no pictures.
    """
    if reading.first_rules or len(files) == 1:
        return [
            part
            for file in files
            for part in find_picture_arrays(listed(file), reading, reading.shown(file.name))
        ]
    found: list[_ArrayFile] = []
    for file in files:
        try:
            found.append(_ArrayFile(file, listed(file)))
        except StudioError as error:
            _reject_file(file, error.cause, reading)
    asked = reading.options.layout
    pictures = [one for one in found if one.holds_pictures(asked)]
    selected = _filter_by_split(pictures, reading)
    labels: dict[tuple[str, ...], list[NamedArray]] = {}
    for one in found:
        if one not in pictures:
            labels.setdefault(one.pairing_key, []).extend(one.arrays)
    paired = {one.pairing_key for one in pictures}
    for one in found:
        if one not in pictures and one.pairing_key not in paired:
            _reject_file(one.file, f"it holds {_array_names(one.arrays)}", reading)
    parts: list[PictureArray] = []
    for one in selected:
        label_arrays = [
            replace(array, name="labels") for array in labels.get(one.pairing_key, ())[:1]
        ]
        try:
            parts += find_picture_arrays(
                [*one.arrays, *label_arrays], reading, reading.shown(one.file.name), one.file.name
            )
        except StudioError as error:
            _reject_file(one.file, error.cause, reading)
    return parts


def _filter_by_split(files: Sequence[_ArrayFile], reading: Reading) -> list[_ArrayFile]:
    """Return the files of the split asked for, judging by their names."""
    splits = [one.split for one in files]
    if reading.options.split is not None and reading.options.split not in splits:
        # The splits may be arrays or folders instead.
        return list(files)
    selected = selected_splits(splits, reading.options.split)
    left_out: dict[str, int] = {}
    for split in splits:
        if split not in selected and split is not None:
            left_out[split] = left_out.get(split, 0) + 1
    if line := left_out_warning(left_out, "file"):
        reading.warn(line)
    return [one for one, split in zip(files, splits, strict=True) if split in selected]


def _reject_file(file: File, why: str, reading: Reading) -> None:
    reading.rejects.append(Reject(reading.shown(file.name), f"no pictures: {why}"))


def _array_names(arrays: Sequence[NamedArray]) -> str:
    return ", ".join(one.name for one in arrays[:3]) or "nothing"
