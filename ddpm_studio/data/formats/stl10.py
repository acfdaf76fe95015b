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

from ddpm_studio.data.byte_ranges import Whole
from ddpm_studio.data.formats.array_rows import LOST, Array, ArrayRows
from ddpm_studio.data.formats.file_rows import FileRows
from ddpm_studio.data.formats.layouts import ArrayLayout
from ddpm_studio.data.formats.reading import Part, Reading, Taken
from ddpm_studio.data.items import File
from ddpm_studio.data.splits import aside_told, split_of, taken_splits
from ddpm_studio.errors import StudioError

_PICTURES = re.compile(r"(train|test|unlabeled)_X\.bin$")
_SIDE = 96
_SHAPE = (3, _SIDE, _SIDE)
_BYTES = 3 * _SIDE * _SIDE
_MOST_LABELS, _MOST_NAMES = 1 << 24, 1 << 16


def read_stl10(files: Sequence[File], reading: Reading) -> Taken | None:
    """Read the STL-10 pictures among the files; return None if there are none.

    Raises:
        StudioError: a file is damaged.
    """
    folders: dict[str, dict[str, File]] = {}
    for file in files:
        folder, _, name = file.name.rpartition("/")
        folders.setdefault(folder, {})[name] = file
    homes = [names for names in folders.values() if any(map(_split, names))]
    if not homes:
        return None
    # Labels and class names come from the pictures' own folder, or from any if there is one set.
    if len(homes) == 1:
        anywhere = {name: file for names in folders.values() for name, file in names.items()}
        homes = [anywhere | homes[0]]
    found = [(beside, name) for beside in homes for name in beside if _split(name)]
    taken = taken_splits([_split(name) for _, name in found], reading.options.split)
    aside: dict[str, int] = {}
    for beside, name in found:
        if (split := str(_split(name))) not in taken:
            aside[split] = aside.get(split, 0) + beside[name].size // _BYTES
    if line := aside_told(aside):
        reading.warn(line)
    parts = []
    for beside, name in found:
        if _split(name) not in taken:
            continue
        file = beside[name]
        names = _class_names(beside.get("class_names.txt"))
        shown = reading.shown(file.name)
        if not file.size or file.size % _BYTES:
            raise StudioError(f"{shown} is no whole part of STL-10.", "Download it again.")
        count = file.size // _BYTES
        labels = beside.get(name.replace("_X", "_y"))
        choices = {} if labels is None else {"labels": partial(_labels, labels)}
        classes = reading.own_labels(shown, choices, count)
        if classes is not None:
            classes = [one and names.get(one, one) for one in classes]
        # Column-major, as MATLAB writes.
        layout = ArrayLayout("NCWH", (count, *_SHAPE))
        parts.append(Part(shown, _rows(file, count, reading), layout, classes))
    used = frozenset(
        file.name
        for beside, _ in found
        for name, file in beside.items()
        if _split(name) or _is_beside(name)
    )
    return Taken(reading.arrays(parts), used)


def _split(name: str) -> str | None:
    """Return the split of a file of pictures by its name; None for other files."""
    match = _PICTURES.match(name)
    return None if match is None else split_of(match[1])


def _is_beside(name: str) -> bool:
    return name in ("train_y.bin", "test_y.bin", "class_names.txt", "fold_indices.txt")


def _rows(file: File, count: int, reading: Reading) -> ArrayRows:
    shape = (count, *_SHAPE)
    if isinstance(file.place, Whole):
        rows = FileRows(Path(file.place.path), 0, shape, np.dtype(np.uint8), LOST)
        reading.stack.callback(rows.close)
        return rows
    with reading.open(file) as stream:
        return np.frombuffer(stream.read(), np.uint8).reshape(shape)


def _labels(file: File) -> Array:
    try:
        return np.frombuffer(file.read(_MOST_LABELS), np.uint8).astype(np.int64)
    except OSError:
        return np.empty(0, np.int64)


def _class_names(file: File | None) -> dict[str, str]:
    try:
        lines = file.read(_MOST_NAMES).decode("utf-8", "replace").split("\n") if file else []
    except OSError:
        lines = []
    return {str(number): line.strip() for number, line in enumerate(lines, 1) if line.strip()}
