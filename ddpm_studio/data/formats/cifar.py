"""CIFAR-10 and CIFAR-100 as published: the Python batches and the binary version.

The layout: https://www.cs.toronto.edu/~kriz/cifar.html. The Python batches are pickles, which are
parsed as data and never executed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

import numpy as np

from ddpm_studio.data.formats.array_rows import Array
from ddpm_studio.data.formats.layouts import ArrayLayout
from ddpm_studio.data.formats.reading import PictureArray, Reading, ReadResult
from ddpm_studio.data.items import File
from ddpm_studio.data.splits import TRAIN, left_out_warning, selected_splits
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.pickles.arrays import ARRAY_MAKERS, PickledArray
from ddpm_studio.pickles.reader import parse_pickle

_PYTHON = re.compile(r"(data_batch_\d+|test_batch|train|test)$")
_BINARY = re.compile(r"(data_batch_\d+|test_batch|train|test)\.bin$")
_META = re.compile(r"(batches\.meta(\.txt)?|meta|(fine|coarse)_label_names\.txt|readme\.html)$")
_PIXELS = 3 * 32 * 32
_MAX_BYTES = 1 << 30
_MAX_META_BYTES = 1 << 16
#: Key of the class names and their text file for each kind of label, the finest first.
_LABELS = {
    "labels": ("label_names", "batches.meta.txt"),
    "fine_labels": ("fine_label_names", "fine_label_names.txt"),
    "coarse_labels": ("coarse_label_names", "coarse_label_names.txt"),
}


@dataclass(frozen=True)
class _Batch:
    pictures: Array
    labels: dict[str, Array]


def read_cifar(files: Sequence[File], reading: Reading) -> ReadResult | None:
    """Read the CIFAR batches among the files; return None if there are none.

    Raises:
        StudioError: a batch is damaged.
    """
    batches: list[File] = []
    meta: list[File] = []
    for file in files:
        name = PurePosixPath(file.name).name
        if _META.match(name):
            meta.append(file)
        elif _is_batch(file, name, bool(_BINARY.match(name))):
            batches.append(file)
    if not batches:
        return None
    splits = [_split(file) for file in batches]
    selected = selected_splits(splits, reading.options.split)
    left_out: dict[str, int] = {}
    names = _read_class_names(meta)
    parts = []
    for file, split in zip(batches, splits, strict=True):
        display_name = reading.shown(file.name)
        if split not in selected:
            left_out[split] = left_out.get(split, 0) + 1
            continue
        batch = _read_batch(file, display_name)
        choices = {key: partial(_return_labels, labels) for key, labels in batch.labels.items()}
        count = len(batch.pictures)
        classes = reading.own_labels(display_name, choices, count)
        if classes is not None:
            classes = _map_names(classes, names.get(reading.own.last, ()))
        layout = ArrayLayout("NCHW", (count, 3, 32, 32))
        parts.append(PictureArray(display_name, batch.pictures, layout, classes))
    if warning := left_out_warning(left_out, "file"):
        reading.warn(warning)
    used = [*batches, *meta]
    return ReadResult(reading.arrays(parts), frozenset(file.name for file in used))


def _is_batch(file: File, name: str, binary: bool) -> bool:
    if binary:
        return file.size > 0 and (file.size % (_PIXELS + 1) == 0 or file.size % (_PIXELS + 2) == 0)
    try:
        # First byte of pickles of protocols 2 to 5, and of Python 2's protocol 0.
        return bool(_PYTHON.match(name)) and file.read(2)[:1] in (b"\x80", b"(")
    except OSError:
        return False


def _split(file: File) -> str:
    return "test" if PurePosixPath(file.name).name.startswith("test") else TRAIN


def _read_batch(file: File, display_name: str) -> _Batch:
    try:
        if file.size > _MAX_BYTES:
            raise ValueError(f"it has {file.size:,} bytes")
        data = file.read(-1)
        return _parse_binary(file, data) if file.suffix == ".bin" else _parse_python(data)
    except (OSError, ValueError) as error:
        raise StudioError(
            f"{display_name} is no whole batch of CIFAR: {printable(str(error), 100)}.",
            "Download it again.",
        ) from error


def _parse_binary(file: File, data: bytes) -> _Batch:
    is_cifar100 = PurePosixPath(file.name).name in ("train.bin", "test.bin")
    label_names = ("coarse_labels", "fine_labels") if is_cifar100 else ("labels",)
    if len(data) % (_PIXELS + len(label_names)):
        raise ValueError("it is cut short")
    rows = np.frombuffer(data, np.uint8).reshape(-1, _PIXELS + len(label_names))
    labels = {name: rows[:, column].astype(np.int64) for column, name in enumerate(label_names)}
    ordered = {name: labels[name] for name in _LABELS if name in labels}
    return _Batch(rows[:, len(label_names) :], ordered)


def _parse_python(data: bytes) -> _Batch:
    content = _text_keys(_parse_pickle(data))
    pickled = content.get("data")
    pictures = pickled.array if isinstance(pickled, PickledArray) else None
    if pictures is None or pictures.dtype != np.uint8 or pictures.shape[1:] != (_PIXELS,):
        raise ValueError("it holds no pictures of 32×32")
    labels = {}
    for name in _LABELS:
        values = content.get(name)
        if isinstance(values, list) and all(
            type(value) is int and 0 <= value < 1000 for value in values
        ):
            labels[name] = np.array(values, np.int64)
    return _Batch(pictures, labels)


def _parse_pickle(data: bytes) -> object:
    """Parse a pickle without executing it.

    Raises:
        ValueError: the pickle is damaged, or holds more than data.
    """
    try:
        return parse_pickle(io.BytesIO(data), ARRAY_MAKERS)
    except (ValueError, MemoryError):
        raise
    except Exception as error:  # untrusted bytes make the parser raise nearly anything
        raise ValueError(f"it is damaged ({type(error).__name__})") from error


def _text_keys(content: object) -> dict[str, object]:
    """Return a dict with its keys as text; they may be bytes, as Python 2 wrote them.

    Raises:
        ValueError: the object is no dict.
    """
    if not isinstance(content, dict):
        raise ValueError("it is no table")
    return {_text(key): value for key, value in content.items()}


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _read_class_names(meta: Sequence[File]) -> dict[str, tuple[str, ...]]:
    """Return the class names by kind of label; files that can't be read are skipped."""
    class_names: dict[str, tuple[str, ...]] = {}
    for file in meta:
        base = PurePosixPath(file.name).name
        try:
            data = file.read(_MAX_META_BYTES)
            if base.endswith(".txt"):
                lines = data.decode("utf-8", "replace").split("\n")
                names = tuple(line.strip() for line in lines if line.strip())
                class_names |= {
                    key: names for key, (_, file_name) in _LABELS.items() if file_name == base
                }
            elif base in ("batches.meta", "meta"):
                content = _text_keys(_parse_pickle(data))
                for key, (name, _) in _LABELS.items():
                    if isinstance(values := content.get(name), list):
                        class_names[key] = tuple(_text(value) for value in values)
        except (OSError, ValueError):
            continue
    return class_names


def _map_names(classes: Sequence[str | None], names: Sequence[str]) -> list[str | None]:
    names_by_number = {str(number): name for number, name in enumerate(names)}
    return [label and names_by_number.get(label, label) for label in classes]


def _return_labels(labels: Array) -> Array:
    return labels
