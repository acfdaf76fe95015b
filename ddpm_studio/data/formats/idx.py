"""IDX files, as of MNIST and similar sets, with their labels, plain or gzipped.

The format: http://yann.lecun.com/exdb/mnist/ ("the IDX file format").
"""

from __future__ import annotations

import gzip
import io
import math
import re
import struct
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ddpm_studio.data.formats.archives import MAX_RATIO, RATIO_FROM_BYTES
from ddpm_studio.data.formats.array_rows import MAX_ARRAY_BYTES, Array
from ddpm_studio.data.formats.folders import sibling_files
from ddpm_studio.data.formats.reading import PictureArray, Reading, ReadResult
from ddpm_studio.data.items import File
from ddpm_studio.data.splits import TRAIN, selected_splits
from ddpm_studio.errors import StudioError

_NAME = re.compile(
    r"^(?P<set>.*?)[-._]?(?P<what>images|labels)[-._]idx[13][-._]ubyte(?:\.gz)?$", re.IGNORECASE
)
_TEST_SETS = re.compile(r"(^|[-._])(t10k|test)$", re.IGNORECASE)
_UNSIGNED_BYTE = 0x08
_GZIP = b"\x1f\x8b"


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
    gzipped and a plain copy only one.

    Raises:
        StudioError: an IDX file is damaged or too large.
    """
    images: dict[str, File] = {}
    labels: dict[str, File] = {}
    names = set()
    for file in files:
        match = _NAME.match(file.name.rpartition("/")[2])
        if match is not None:
            names.add(file.name)
            group = images if match["what"].lower() == "images" else labels
            group.setdefault(match["set"].casefold(), file)
    if not images and len(files) == 1 and is_idx(_read_head(files[0])):
        images[""] = files[0]
        names.add(files[0].name)
    if not images:
        return None
    parts: list[PictureArray] = []
    for name in _select_sets(images, reading):
        file_name = images[name].name
        rows = _read_idx(images[name])
        label_file = labels.get(name)
        choices = {} if label_file is None else {"labels": partial(_read_idx, label_file)}
        classes = reading.own_labels(file_name, choices, rows.shape[0])
        parts.append(
            PictureArray(file_name, rows, reading.layout(file_name, rows.shape, "NHW"), classes)
        )
    return ReadResult(reading.arrays(parts), frozenset(names))


def _select_sets(images: dict[str, File], reading: Reading) -> list[str]:
    """Return the names of the sets to read, and add a warning about the others."""
    test_sets = [name for name in images if _TEST_SETS.search(name)]
    requested = reading.options.split
    sets = [name for name in images if name not in test_sets] or list(images)
    # Any set not named as a test set counts as training set.
    selected = selected_splits(
        ["test" if name in test_sets else TRAIN for name in images], requested
    )
    if requested is not None:
        sets = [name for name in images if ("test" if name in test_sets else TRAIN) in selected]
    if len(sets) < len(images):
        left_out = ", ".join(images[name].name for name in images if name not in sets)
        kind = "test" if sets == test_sets else "training"
        reading.warnings.append(f"Only the {kind} pictures are taken; {left_out} is left aside.")
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
