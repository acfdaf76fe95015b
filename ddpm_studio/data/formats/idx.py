"""IDX files, as of MNIST and similar sets, with their labels, plain or gzipped.

The format: http://yann.lecun.com/exdb/mnist/ ("the IDX file format").
"""

from __future__ import annotations

import gzip
import io
import math
import re
import struct
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ddpm_studio.data.formats.archives import MAX_RATIO, RATIO_FROM_BYTES
from ddpm_studio.data.formats.array_rows import MAX_ARRAY_BYTES, Array
from ddpm_studio.data.formats.folders import sibling_files
from ddpm_studio.data.formats.named_arrays import MAX_LISTED
from ddpm_studio.data.formats.reading import PictureArray, Reading, ReadResult
from ddpm_studio.data.items import File
from ddpm_studio.data.report import listed
from ddpm_studio.data.splits import TRAIN, innermost_split, selected_splits
from ddpm_studio.errors import StudioError

_NAME = re.compile(
    r"^(?P<set>.*?)[-._]?(?P<what>images|labels)[-._]idx[13][-._]ubyte(?:\.gz)?$", re.IGNORECASE
)
_TEST_SETS = re.compile(r"(^|[-._])(t10k|test)$", re.IGNORECASE)
_UNSIGNED_BYTE = 0x08
_GZIP = b"\x1f\x8b"

_SetKey = tuple[str, str]
"""The folder of a set, and its name in lower case, such as "train"."""


def is_idx(head: bytes) -> bool:
    """Whether the head of a file is that of an IDX array of unsigned bytes with three axes."""
    return head.startswith(bytes((0, 0, _UNSIGNED_BYTE, 3)))


def with_labels(path: Path) -> list[Path]:
    """Return a file and, if its name is that of IDX pictures, the files of labels next to it."""
    match = _NAME.match(path.name)
    if match is None or match["what"].lower() != "images":
        return [path]
    set_name = match["set"].casefold()

    def is_label_file(name: str) -> bool:
        label_match = _NAME.match(name)
        return (
            label_match is not None
            and label_match["what"].lower() == "labels"
            and label_match["set"].casefold() == set_name
        )

    return [path, *sibling_files(path, is_label_file)]


def read_idx(files: Sequence[File], reading: Reading) -> ReadResult | None:
    """Read the pictures of the IDX files among ``files``; return None if there are none.

    Of a training and a test set the training set is taken unless the other is asked for; of a
    gzipped and a plain copy in one folder only one. Labels come from the pictures' own folder, or
    from any if the pictures of that name are in one folder.

    Raises:
        StudioError: an IDX file is damaged or too large.
    """
    images: dict[_SetKey, File] = {}
    labels: dict[_SetKey, File] = {}
    names = set()
    for file in files:
        folder, _, base_name = file.name.rpartition("/")
        match = _NAME.match(base_name)
        if match is not None:
            names.add(file.name)
            group = images if match["what"].lower() == "images" else labels
            # Version 0.1.0 read one set of each name, whatever its folder.
            key = ("" if reading.first_rules else folder, match["set"].casefold())
            group.setdefault(key, file)
    if not images and len(files) == 1 and is_idx(_read_head(files[0])):
        images["", ""] = files[0]
        names.add(files[0].name)
    if not images:
        return None
    counts = Counter(name for _, name in images)
    any_labels = {name: file for (_, name), file in reversed(labels.items())}
    parts: list[PictureArray] = []
    for key in _select_sets(images, reading):
        name = images[key].name
        rows = _read_idx(images[key])
        is_only = counts[key[1]] == 1
        label_file = labels.get(key, any_labels.get(key[1]) if is_only else None)
        choices = {} if label_file is None else {"labels": partial(_read_idx, label_file)}
        classes = reading.own_labels(name, choices, rows.shape[0])
        layout = reading.layout(name, rows.shape, "NHW")
        parts.append(PictureArray(name, rows, layout, classes, "" if is_only else name))
    return ReadResult(reading.arrays(parts), frozenset(names))


def _select_sets(images: dict[_SetKey, File], reading: Reading) -> list[_SetKey]:
    """Return the keys of the sets to read, and add warnings about the others and about copies."""
    counts = Counter(name for _, name in images)
    splits: dict[_SetKey, str] = {}
    for key, file in images.items():
        # Of sets with the same name the folders may give the split; any other is for training.
        folder_split = innermost_split(file.name) if counts[key[1]] > 1 else None
        splits[key] = "test" if _TEST_SETS.search(key[1]) else folder_split or TRAIN
    selected = selected_splits(list(splits.values()), reading.options.split)
    sets = [key for key in images if splits[key] in selected]
    if len(sets) < len(images):
        left_out = ", ".join(images[key].name for key in images if key not in sets)
        kind = "training" if splits[sets[0]] == TRAIN else splits[sets[0]]
        reading.warnings.append(f"Only the {kind} pictures are taken; {left_out} is left aside.")
    namesakes: dict[tuple[str, str], list[str]] = {}
    for key in sets:
        shown_name = reading.shown(images[key].name)
        namesakes.setdefault((key[1], splits[key]), []).append(shown_name)
    for shown_names in namesakes.values():
        if len(shown_names) > 1:
            reading.warnings.append(
                f"All of {listed(shown_names, MAX_LISTED)} are read; if they are copies of one "
                "set, choose one folder."
            )
    return sets


def _read_head(file: File) -> bytes:
    try:
        head = file.read(4096)
        if head.startswith(_GZIP):
            return gzip.GzipFile(fileobj=io.BytesIO(head)).read(16)
    except Exception:  # untrusted bytes make the parser raise nearly anything
        return b""
    return head


def _read_idx(file: File) -> Array:
    try:
        if file.size > MAX_ARRAY_BYTES:
            raise ValueError(f"it has {file.size:,} bytes")
        data = file.read(-1)
        if data.startswith(_GZIP):
            limit = max(RATIO_FROM_BYTES, MAX_RATIO * len(data))
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
                return _parse(stream, limit)
        return _parse(io.BytesIO(data), len(data))
    except MemoryError:
        raise
    except Exception as error:  # untrusted bytes make the parser raise nearly anything
        reason = str(error)[:100] or type(error).__name__
        raise StudioError(f"{file.name} is damaged: {reason}.", "Download it again.") from error


def _parse(stream: io.BytesIO | gzip.GzipFile, limit: int) -> Array:
    head = stream.read(4)
    if len(head) < 4:
        raise ValueError("it is cut short")
    zero, kind, axis_count = struct.unpack(">HBB", head)
    if zero != 0 or kind != _UNSIGNED_BYTE or axis_count not in (1, 3):
        raise ValueError("it does not begin as IDX files of bytes do")
    head = stream.read(4 * axis_count)
    if len(head) < 4 * axis_count:
        raise ValueError("it is cut short")
    shape = struct.unpack(f">{axis_count}I", head)
    size = math.prod(shape)
    if size > MAX_ARRAY_BYTES:
        raise ValueError(f"it claims {size:,} bytes")
    if size > limit:
        raise ValueError("it is cut short, or packed too well to be pictures")
    data = stream.read(size)
    if len(data) < size:
        raise ValueError("it is cut short")
    return np.frombuffer(data, np.uint8).reshape(shape)
