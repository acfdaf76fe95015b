"""Tensors of ``torch.save``, single or in dicts, lists and tuples, read without torch.

Such a file is a zip (:mod:`~ddpm_studio.pickles.torch_zip`) of a pickle, which describes the
objects and is parsed as data and never executed, and the raw values of each storage.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ddpm_studio.data.byte_ranges import WholeFile
from ddpm_studio.data.formats.archives import open_zip
from ddpm_studio.data.formats.array_files import find_arrays_in_files
from ddpm_studio.data.formats.array_rows import Array, ArrayRows, check_fits_memory, file_array
from ddpm_studio.data.formats.layouts import layout_of
from ddpm_studio.data.formats.named_arrays import LABEL_WORDS, NamedArray
from ddpm_studio.data.formats.npy_header import NpyHeader
from ddpm_studio.data.formats.reading import PictureArray, Reading, ReadResult
from ddpm_studio.data.items import File
from ddpm_studio.data.report import Reject
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.pickles.arrays import ARRAY_MAKERS, PickledArray
from ddpm_studio.pickles.reader import Name, Unknown, parse_pickle
from ddpm_studio.pickles.torch_zip import TorchZip

_T = TypeVar("_T")

_MAX_TABLE_BYTES = 64 << 20
_READ_UP_TO = 64 * 2**20
#: NumPy type of a tensor by the name of its storage or dtype; NumPy has no bfloat16.
_BFLOAT16 = "bfloat16"
_TYPES = {
    "ByteStorage": "u1",
    "CharStorage": "i1",
    "ShortStorage": "i2",
    "IntStorage": "i4",
    "LongStorage": "i8",
    "BoolStorage": "?",
    "HalfStorage": "f2",
    "FloatStorage": "f4",
    "DoubleStorage": "f8",
    "BFloat16Storage": _BFLOAT16,
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
}
_TENSORS = ("_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_tensor")
_MODEL_KEYS = ("state_dict", "model", "ema", "optimizer", "model_state_dict")
_MAX_TUPLE, _MAX_DEPTH, _MAX_STRING = 4, 4, 1000
_INTEGER_DTYPES = ("u1", "i1", "i2", "i4", "i8", "?", "u2", "u4", "u8")
_SAVE_REMEDY = "Save the pictures alone: torch.save(images, 'x.pt'), images of shape (N, C, H, W)."


@dataclass(frozen=True)
class _Storage:
    """A storage of tensors: its key in the zip and the name of its type."""

    key: str
    kind: str


@dataclass(frozen=True)
class _Tensor:
    """A tensor that has not been read: storage, type, offset, shape, strides (in elements)."""

    key: str
    kind: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype("<f4" if self.kind == _BFLOAT16 else np.dtype(self.kind).newbyteorder("<"))

    @property
    def stored(self) -> np.dtype[Any]:
        """The dtype of the storage; uint16 for bfloat16."""
        return np.dtype("<u2") if self.kind == _BFLOAT16 else self.dtype

    @property
    def is_dense(self) -> bool:
        """Whether the tensor is contiguous, in C order."""
        step = 1
        for size, stride in zip(self.shape[::-1], self.stride[::-1], strict=True):
            if size > 1 and stride != step:
                return False
            step *= size
        return True


def read_torch(files: Sequence[File], reading: Reading) -> ReadResult:
    """Read the pictures of files of ``torch.save``, each with its labels.

    Raises:
        StudioError: the only file is damaged, or holds no pictures.
    """
    genuine_files = reading.genuine_files(files)
    parts: list[PictureArray] = []
    named: dict[str, _TorchFile] = {}
    for file in genuine_files:
        try:
            opened = _wrap_errors(file, reading, partial(_TorchFile, file, reading))
            own = _wrap_errors(file, reading, opened.unnamed_arrays)
        except StudioError as error:
            if len(genuine_files) == 1:
                raise
            reading.rejects.append(Reject(reading.shown(file.name), f"no pictures: {error.cause}"))
            continue
        if own is None:
            named[file.name] = opened
        else:
            origin = file.name if len(genuine_files) > 1 else ""
            parts += [replace(part, origin=origin) for part in own]
    left = [file for file in genuine_files if file.name in named]
    if left:
        arrays = {name: opened.arrays() for name, opened in named.items()}
        parts += _wrap_errors(
            left[0],
            reading,
            lambda: find_arrays_in_files(left, reading, lambda one: arrays[one.name]),
        )
    return ReadResult(reading.arrays(parts), frozenset(file.name for file in files))


def _wrap_errors(file: File, reading: Reading, read: Callable[[], _T]) -> _T:
    """Call ``read`` and turn any error of parsing untrusted bytes into a StudioError."""
    try:
        return read()
    except (StudioError, MemoryError):
        raise
    except Exception as error:
        why = printable(str(error), 100) or type(error).__name__
        name = reading.shown(file.name)
        raise StudioError(f"{name} is no file of pictures: {why}.", _SAVE_REMEDY) from error


class _TorchFile:
    """An open file of ``torch.save``.

    Raises:
        ValueError: the file is of an older version of torch, or of another kind.
    """

    def __init__(self, file: File, reading: Reading) -> None:
        self._name, self._reading = reading.shown(file.name), reading
        self._path = Path(file.location.path) if isinstance(file.location, WholeFile) else None
        head = file.read(4)
        if not head.startswith(b"PK"):
            old = head.startswith(b"\x80")
            raise ValueError(
                "torch wrote it before version 1.6; load it there and save it again"
                if old
                else "it does not begin as torch's files do"
            )
        if self._path is not None:
            archive = open_zip(self._path, reading.stack)
        else:
            archive = reading.stack.enter_context(zipfile.ZipFile(reading.open(file)))
        self._zip = TorchZip(archive)
        self._storages: dict[str, bytes] = {}
        tree = io.BytesIO(self._zip.tree(_MAX_TABLE_BYTES))
        self._tree = parse_pickle(tree, _MAKERS, _storage)

    def unnamed_arrays(self) -> list[PictureArray] | None:
        """Return the pictures of a lone tensor, a list or (picture, class) pairs; else None."""
        found = list(_tensors(self._tree))
        if not any(isinstance(one, _Tensor | PickledArray) for one in _leaves(self._tree)):
            raise ValueError(_content_message(self._tree))
        if (pairs := self._pairs()) is not None:
            return self._arrays_from_pairs(pairs)
        lone = [one for _, one in found]
        if (
            len(found) > 1
            and isinstance(self._tree, list)
            and (len(found) > _MAX_TUPLE or _are_single_pictures(lone))
        ):
            # A list of pictures, one tensor each.
            return [self._picture_array(f"{self._name}[{k}]", one) for k, one in enumerate(lone)]
        if len(found) == 1 and isinstance(self._tree, _Tensor):
            return [self._picture_array(self._name, lone[0])]
        self._reject_models(dict(found))
        return None

    def arrays(self) -> list[NamedArray]:
        """Return the named arrays; class names found are stored in the reading."""
        if isinstance(self._tree, dict):
            for key, value in self._tree.items():
                if (
                    isinstance(value, dict)
                    and value
                    and all(type(n) is int for n in value.values())
                ):
                    self._reading.set_class_names(
                        value, f"{printable(str(key), 60)} of {self._name}"
                    )
        return [self._named_array(key, one) for key, one in _tensors(self._tree)]

    def _pairs(self) -> list[tuple[_Tensor, object]] | None:
        """Return the pairs of a list of (picture, class), such as list(dataset), or of dicts."""
        if not isinstance(self._tree, list) or len(self._tree) < 2:
            return None
        pairs = [_pair(one) for one in self._tree]
        if any(pair is None for pair in pairs):
            return None
        return [(one, self._label_value(label)) for one, label in filter(None, pairs)]

    def _content(self, key: str) -> bytes:
        """Return the bytes of a storage, cached, as many tensors may be views of it."""
        if key not in self._storages:
            self._storages[key] = self._zip.numbers(key)
        return self._storages[key]

    def _read_scalar(self, one: _Tensor) -> int:
        content = self._content(one.key)
        stored = np.frombuffer(content, one.stored, len(content) // one.stored.itemsize)
        return int(_strided_array(one, stored).reshape(()))

    def _label_value(self, label: object) -> object:
        return self._read_scalar(label) if isinstance(label, _Tensor) else label

    def _arrays_from_pairs(self, pairs: list[tuple[_Tensor, object]]) -> list[PictureArray]:
        """Return the pictures of (picture, class) pairs, as torch's data sets give them."""
        labels = np.array([str(np.asarray(label).reshape(-1)[0]) for _, label in pairs])
        classes = self._reading.own_labels(self._name, {"y": lambda: labels}, len(pairs))
        return [
            replace(
                self._picture_array(f"{self._name}[{k}]", one), classes=classes and [classes[k]]
            )
            for k, (one, _) in enumerate(pairs)
        ]

    def _reject_models(self, found: dict[str, _Tensor | Array]) -> None:
        words = {key.rpartition(".")[2] for key in found}
        of_layers = {"weight", "bias"} <= words or any(key.endswith(".weight") for key in found)
        if of_layers or any(key in _MODEL_KEYS for key in _keys(self._tree)):
            raise StudioError(
                f"{self._name} holds the weights of a model, and no pictures.",
                f"Import it: ddpm-studio import {self._name} --run DIR.",
            )

    def _picture_array(self, name: str, one: _Tensor | Array) -> PictureArray:
        layout = self._reading.layout(name, one.shape)
        return PictureArray(name, self._rows(one), layout)

    def _named_array(self, key: str, one: _Tensor | Array) -> NamedArray:
        return NamedArray(key, one.shape, one.dtype, partial(self._rows, one))

    def _rows(self, one: _Tensor | Array) -> ArrayRows:
        if not isinstance(one, _Tensor):
            return one
        size = math.prod(one.shape) * one.stored.itemsize
        plain_type = one.kind != _BFLOAT16
        if self._path is not None and size > _READ_UP_TO and one.is_dense and plain_type:
            return self._on_disk(self._path, one)
        check_fits_memory(self._name, self._zip.size(one.key))
        content = self._content(one.key)
        return _strided_array(
            one, np.frombuffer(content, one.stored, len(content) // one.stored.itemsize)
        )

    def _on_disk(self, path: Path, one: _Tensor) -> ArrayRows:
        begin = self._zip.location(one.key) + one.offset * one.stored.itemsize
        header = NpyHeader(one.shape, False, one.stored, begin)
        return file_array(
            path, header, keep_open=lambda rows: self._reading.stack.callback(rows.close)
        )


def _strided_array(one: _Tensor, stored: Array) -> Array:
    count = math.prod(one.shape)
    last = one.offset + sum((n - 1) * s for n, s in zip(one.shape, one.stride, strict=True))
    # A stride of 0 could make a tensor of any size out of one value.
    if count > len(stored) or (count and last >= len(stored)):
        raise ValueError("a tensor in it is larger than its numbers")
    steps = tuple(stride * stored.itemsize for stride in one.stride)
    found: Array = as_strided(stored[one.offset :], one.shape, steps, writeable=False)
    if one.kind == _BFLOAT16:
        return (found.astype(np.uint32) << 16).view(np.float32)
    return found


def _tensors(obj: object, key: str = "", depth: int = 0) -> Iterator[tuple[str, _Tensor | Array]]:
    """Yield the tensors and arrays in nested dicts, lists and tuples, with their keys."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(obj, _Tensor | PickledArray):
        yield key or "x", obj if isinstance(obj, _Tensor) else obj.array
    elif isinstance(obj, dict):
        for name, value in obj.items():
            yield from _tensors(value, f"{key}.{name}" if key else str(name), depth + 1)
    elif isinstance(obj, list | tuple) and (listed := _plain_list(obj)) is not None:
        yield key or "x", listed
    elif isinstance(obj, list | tuple):
        # (images, labels), as MNIST's processed files have them.
        for number, value in enumerate(obj):
            usual = ("x", "y")[number] if len(obj) <= _MAX_TUPLE and number < 2 else str(number)
            yield from _tensors(value, f"{key}.{usual}" if key else usual, depth + 1)


def _pair(one: object) -> tuple[_Tensor, object] | None:
    """Return (picture, class) of a pair or dict; None if it is something else."""
    if isinstance(one, dict):
        pictures = [value for value in one.values() if _is_picture(value)]
        keys = {str(key).casefold(): key for key in one}
        label = next((one[keys[word]] for word in LABEL_WORDS if word in keys), None)
        one = (pictures[0], label) if len(pictures) == 1 else None
    match one:
        case (_Tensor() as picture, int() | str() as label) if _is_picture(picture):
            return picture, label
        case (_Tensor() as picture, _Tensor() as label) if _is_picture(picture):
            return (
                (picture, label)
                if math.prod(label.shape) == 1 and label.kind in _INTEGER_DTYPES
                else None
            )
    return None


def _is_picture(value: object) -> bool:
    return isinstance(value, _Tensor) and len(value.shape) > 1


def _are_single_pictures(found: Sequence[_Tensor | Array]) -> bool:
    """Whether each of the tensors has the shape of one picture."""
    layouts = [layout_of(one.shape, None) for one in found]
    return all(one is not None and "N" not in one.axes for one in layouts)


def _leaves(obj: object, depth: int = 0) -> Iterator[object]:
    """Yield the leaves of nested dicts, lists and tuples."""
    inner: Iterable[object] = ()
    if depth <= _MAX_DEPTH and isinstance(obj, dict):
        inner = obj.values()
    elif depth <= _MAX_DEPTH and isinstance(obj, list | tuple):
        inner = obj
    else:
        yield obj
    for one in inner:
        yield from _leaves(one, depth + 1)


def _plain_list(obj: list[Any] | tuple[Any, ...]) -> Array | None:
    """Return a list of integers or of strings as an array; None if it is something else."""
    if len(obj) > 1 and all(type(one) is int and abs(one) < 2**62 for one in obj):
        return np.array(obj, np.int64)
    if len(obj) > 1 and all(type(one) is str and len(one) <= _MAX_STRING for one in obj):
        return np.array(obj)
    return None


def _storage(identity: object) -> object:
    match identity:
        case ("storage", Unknown((_, kind)), str(key), *_):
            return _Storage(key, kind)
    raise ValueError("it refers to what is not in it")


def _tensor(given: tuple[Any, ...]) -> object:
    match given:
        case (_Storage(key, kind), int(offset), tuple(shape), tuple(stride), *rest):
            types = [one.name[1] for one in rest if isinstance(one, Unknown)]
            kind = types[0] if types else kind
            if kind not in _TYPES:
                raise ValueError(
                    f"its numbers are of the type {printable(kind, 40)}, not known here"
                )
            sizes = (*shape, *stride, offset)
            usable = len(shape) == len(stride) and len(shape) <= 8
            if not usable or any(type(n) is not int or not 0 <= n < 2**48 for n in sizes):
                raise ValueError("a tensor in it has an impossible shape")
            return _Tensor(key, _TYPES[kind], offset, shape, stride)
    raise ValueError("a tensor in it is damaged")


def _parameter(given: tuple[Any, ...]) -> object:
    match given:
        case (_Tensor() as inner, *_):
            return inner
    raise ValueError("a tensor in it is damaged")


_MAKERS: dict[Name, Callable[[tuple[Any, ...]], object]] = {
    **ARRAY_MAKERS,
    **{("torch._utils", name): _tensor for name in _TENSORS},
    ("torch._utils", "_rebuild_parameter"): _parameter,
}


def _keys(obj: object) -> list[str]:
    return [str(key) for key in obj] if isinstance(obj, dict) else []


def _content_message(obj: object) -> str:
    if isinstance(obj, Unknown):
        return f"it holds a {printable(obj.name[1], 60)}, which only its own program can bring back"
    return "it holds no tensors"
