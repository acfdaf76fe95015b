"""STL-10 as published, in binary: ``train_X.bin``, ``train_y.bin``, ``class_names.txt``.

The layout (https://cs.stanford.edu/~acoates/stl10/): 3×96×96 bytes per picture, each plane in
column-major order; classes from 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ddpm_studio.data.byte_ranges import WholeFile
from ddpm_studio.data.formats.array_rows import LOST_FILE_REMEDY, Array, ArrayRows
from ddpm_studio.data.formats.file_rows import FileRows
from ddpm_studio.data.formats.layouts import ArrayLayout
from ddpm_studio.data.formats.reading import PictureArray, Reading, ReadResult
from ddpm_studio.data.items import File
from ddpm_studio.data.splits import left_out_warning, selected_splits, split_of
from ddpm_studio.errors import StudioError

_PICTURES = re.compile(r"(train|test|unlabeled)_X\.bin$")
_SIDE = 96
_SHAPE = (3, _SIDE, _SIDE)
_BYTES = 3 * _SIDE * _SIDE
_MAX_LABELS, _MAX_NAMES = 1 << 24, 1 << 16


def read_stl10(files: Sequence[File], reading: Reading) -> ReadResult | None:
    """Read the STL-10 pictures among the files; return None if there are none.

    Raises:
        StudioError: a file is damaged.
    """
    folders: dict[str, dict[str, File]] = {}
    for file in files:
        folder, _, name = file.name.rpartition("/")
        folders.setdefault(folder, {})[name] = file
    picture_folders = [names for names in folders.values() if any(map(_split, names))]
    if not picture_folders:
        return None
    # Labels and class names come from the pictures' own folder, or from any if there is one set.
    if len(picture_folders) == 1:
        all_files = {name: file for names in folders.values() for name, file in names.items()}
        picture_folders = [all_files | picture_folders[0]]
    found = [(siblings, name) for siblings in picture_folders for name in siblings if _split(name)]
    selected = selected_splits([_split(name) for _, name in found], reading.options.split)
    left_out: dict[str, int] = {}
    for siblings, name in found:
        if (split := str(_split(name))) not in selected:
            left_out[split] = left_out.get(split, 0) + siblings[name].size // _BYTES
    if warning := left_out_warning(left_out):
        reading.warn(warning)
    parts = []
    for siblings, name in found:
        if _split(name) not in selected:
            continue
        file = siblings[name]
        names = _class_names(siblings.get("class_names.txt"))
        display_name = reading.shown(file.name)
        if not file.size or file.size % _BYTES:
            raise StudioError(f"{display_name} is no whole part of STL-10.", "Download it again.")
        count = file.size // _BYTES
        labels = siblings.get(name.replace("_X", "_y"))
        choices = {} if labels is None else {"labels": partial(_labels, labels)}
        classes = reading.own_labels(display_name, choices, count)
        if classes is not None:
            classes = [label and names.get(label, label) for label in classes]
        # Column-major, as MATLAB writes.
        layout = ArrayLayout("NCWH", (count, *_SHAPE))
        parts.append(PictureArray(display_name, _rows(file, count, reading), layout, classes))
    used = frozenset(
        file.name
        for siblings, _ in found
        for name, file in siblings.items()
        if _split(name) or _is_companion(name)
    )
    return ReadResult(reading.arrays(parts), used)


def _split(name: str) -> str | None:
    """Return the split of a file of pictures by its name; None for other files."""
    match = _PICTURES.match(name)
    return None if match is None else split_of(match[1])


def _is_companion(name: str) -> bool:
    return name in ("train_y.bin", "test_y.bin", "class_names.txt", "fold_indices.txt")


def _rows(file: File, count: int, reading: Reading) -> ArrayRows:
    shape = (count, *_SHAPE)
    if isinstance(file.location, WholeFile):
        rows = FileRows(Path(file.location.path), 0, shape, np.dtype(np.uint8), LOST_FILE_REMEDY)
        reading.stack.callback(rows.close)
        return rows
    with reading.open(file) as stream:
        return np.frombuffer(stream.read(), np.uint8).reshape(shape)


def _labels(file: File) -> Array:
    try:
        return np.frombuffer(file.read(_MAX_LABELS), np.uint8).astype(np.int64)
    except OSError:
        return np.empty(0, np.int64)


def _class_names(file: File | None) -> dict[str, str]:
    try:
        lines = file.read(_MAX_NAMES).decode("utf-8", "replace").split("\n") if file else []
    except OSError:
        lines = []
    return {str(number): line.strip() for number, line in enumerate(lines, 1) if line.strip()}
