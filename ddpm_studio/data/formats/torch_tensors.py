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
    def raw_dtype(self) -> np.dtype[Any]:
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
    files_by_name: dict[str, _TorchFile] = {}
    for file in genuine_files:
        try:
            opened = _wrap_errors(file, reading, partial(_TorchFile, file, reading))
            picture_arrays = _wrap_errors(file, reading, opened.unnamed_arrays)
        except StudioError as error:
            if len(genuine_files) == 1:
                raise
            reading.rejects.append(Reject(reading.shown(file.name), f"no pictures: {error.cause}"))
            continue
        if picture_arrays is None:
            files_by_name[file.name] = opened
        else:
            origin = file.name if len(genuine_files) > 1 else ""
            parts += [replace(part, origin=origin) for part in picture_arrays]
    named_files = [file for file in genuine_files if file.name in files_by_name]
    if named_files:
        arrays = {name: opened.arrays() for name, opened in files_by_name.items()}
        parts += _wrap_errors(
            named_files[0],
            reading,
            lambda: find_arrays_in_files(named_files, reading, lambda file: arrays[file.name]),
        )
    return ReadResult(reading.arrays(parts), frozenset(file.name for file in files))


def _wrap_errors(file: File, reading: Reading, read: Callable[[], _T]) -> _T:
    """Call ``read`` and turn any error of parsing untrusted bytes into a StudioError."""
    try:
        return read()
    except (StudioError, MemoryError):
        raise
    except Exception as error:
        reason = printable(str(error), 100) or type(error).__name__
        name = reading.shown(file.name)
        raise StudioError(f"{name} is no file of pictures: {reason}.", _SAVE_REMEDY) from error


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
            is_old = head.startswith(b"\x80")
            raise ValueError(
                "torch wrote it before version 1.6; load it there and save it again"
                if is_old
                else "it does not begin as torch's files do"
            )
        if self._path is not None:
            archive = open_zip(self._path, reading.stack)
        else:
            archive = reading.stack.enter_context(zipfile.ZipFile(reading.open(file)))
        self._zip = TorchZip(archive)
        self._storages: dict[str, bytes] = {}
        pickle_stream = io.BytesIO(self._zip.tree(_MAX_TABLE_BYTES))
        self._tree = parse_pickle(pickle_stream, _MAKERS, _storage)

    def unnamed_arrays(self) -> list[PictureArray] | None:
        """Return the pictures of a lone tensor, a list or (picture, class) pairs; else None."""
        named_tensors = list(_tensors(self._tree))
        if not any(isinstance(leaf, _Tensor | PickledArray) for leaf in _leaves(self._tree)):
            raise ValueError(_content_message(self._tree))
        if (pairs := self._pairs()) is not None:
            return self._arrays_from_pairs(pairs)
        tensors = [tensor for _, tensor in named_tensors]
        if (
            len(named_tensors) > 1
            and isinstance(self._tree, list)
            and (len(named_tensors) > _MAX_TUPLE or _are_single_pictures(tensors))
        ):
            # A list of pictures, one tensor each.
            return [self._picture_array(f"{self._name}[{k}]", t) for k, t in enumerate(tensors)]
        if len(named_tensors) == 1 and isinstance(self._tree, _Tensor):
            return [self._picture_array(self._name, tensors[0])]
        self._reject_models(dict(named_tensors))
        return None

    def arrays(self) -> list[NamedArray]:
        """Return the named arrays; class names found are stored in the reading."""
        if isinstance(self._tree, dict):
            for key, ids in self._tree.items():
                if isinstance(ids, dict) and ids and all(type(n) is int for n in ids.values()):
                    self._reading.set_class_names(ids, f"{printable(str(key), 60)} of {self._name}")
        return [self._named_array(key, array) for key, array in _tensors(self._tree)]

    def _pairs(self) -> list[tuple[_Tensor, object]] | None:
        """Return the pairs of a list of (picture, class), such as list(dataset), or of dicts."""
        if not isinstance(self._tree, list) or len(self._tree) < 2:
            return None
        pairs = [_pair(entry) for entry in self._tree]
        if any(pair is None for pair in pairs):
            return None
        return [(picture, self._label_value(label)) for picture, label in filter(None, pairs)]

    def _content(self, key: str) -> bytes:
        """Return the bytes of a storage, cached, as many tensors may be views of it."""
        if key not in self._storages:
            self._storages[key] = self._zip.numbers(key)
        return self._storages[key]

    def _read_scalar(self, tensor: _Tensor) -> int:
        content = self._content(tensor.key)
        values = np.frombuffer(content, tensor.raw_dtype, len(content) // tensor.raw_dtype.itemsize)
        return int(_strided_array(tensor, values).reshape(()))

    def _label_value(self, label: object) -> object:
        return self._read_scalar(label) if isinstance(label, _Tensor) else label

    def _arrays_from_pairs(self, pairs: list[tuple[_Tensor, object]]) -> list[PictureArray]:
        """Return the pictures of (picture, class) pairs, as torch's data sets give them."""
        labels = np.array([str(np.asarray(label).reshape(-1)[0]) for _, label in pairs])
        classes = self._reading.own_labels(self._name, {"y": lambda: labels}, len(pairs))
        return [
            replace(self._picture_array(f"{self._name}[{k}]", p), classes=classes and [classes[k]])
            for k, (p, _) in enumerate(pairs)
        ]

    def _reject_models(self, tensors: dict[str, _Tensor | Array]) -> None:
        endings = {key.rpartition(".")[2] for key in tensors}
        has_layers = {"weight", "bias"} <= endings or any(
            key.endswith(".weight") for key in tensors
        )
        if has_layers or any(key in _MODEL_KEYS for key in _keys(self._tree)):
            raise StudioError(
                f"{self._name} holds the weights of a model, and no pictures.",
                f"Import it: ddpm-studio import {self._name} --run DIR.",
            )

    def _picture_array(self, name: str, tensor: _Tensor | Array) -> PictureArray:
        layout = self._reading.layout(name, tensor.shape)
        return PictureArray(name, self._rows(tensor), layout)

    def _named_array(self, key: str, tensor: _Tensor | Array) -> NamedArray:
        return NamedArray(key, tensor.shape, tensor.dtype, partial(self._rows, tensor))

    def _rows(self, tensor: _Tensor | Array) -> ArrayRows:
        if not isinstance(tensor, _Tensor):
            return tensor
        size = math.prod(tensor.shape) * tensor.raw_dtype.itemsize
        is_plain = tensor.kind != _BFLOAT16
        if self._path is not None and size > _READ_UP_TO and tensor.is_dense and is_plain:
            return self._on_disk(self._path, tensor)
        check_fits_memory(self._name, self._zip.size(tensor.key))
        content = self._content(tensor.key)
        return _strided_array(
            tensor,
            np.frombuffer(content, tensor.raw_dtype, len(content) // tensor.raw_dtype.itemsize),
        )

    def _on_disk(self, path: Path, tensor: _Tensor) -> ArrayRows:
        offset = self._zip.location(tensor.key) + tensor.offset * tensor.raw_dtype.itemsize
        header = NpyHeader(tensor.shape, False, tensor.raw_dtype, offset)
        return file_array(path, header, keep_open=lambda f: self._reading.stack.callback(f.close))


def _strided_array(tensor: _Tensor, values: Array) -> Array:
    count = math.prod(tensor.shape)
    end = tensor.offset + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride, strict=True))
    # A stride of 0 could make a tensor of any size out of one value.
    if count > len(values) or (count and end >= len(values)):
        raise ValueError("a tensor in it is larger than its numbers")
    strides = tuple(stride * values.itemsize for stride in tensor.stride)
    view: Array = as_strided(values[tensor.offset :], tensor.shape, strides, writeable=False)
    if tensor.kind == _BFLOAT16:
        return (view.astype(np.uint32) << 16).view(np.float32)
    return view


def _tensors(obj: object, key: str = "", depth: int = 0) -> Iterator[tuple[str, _Tensor | Array]]:
    """Yield the tensors and arrays in nested dicts, lists and tuples, with their keys."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(obj, _Tensor | PickledArray):
        yield key or "x", obj if isinstance(obj, _Tensor) else obj.array
    elif isinstance(obj, dict):
        for name, value in obj.items():
            yield from _tensors(value, f"{key}.{name}" if key else str(name), depth + 1)
    elif isinstance(obj, list | tuple) and (array := _plain_list(obj)) is not None:
        yield key or "x", array
    elif isinstance(obj, list | tuple):
        # (images, labels), as MNIST's processed files have them.
        for index, value in enumerate(obj):
            child_key = ("x", "y")[index] if len(obj) <= _MAX_TUPLE and index < 2 else str(index)
            yield from _tensors(value, f"{key}.{child_key}" if key else child_key, depth + 1)


def _pair(entry: object) -> tuple[_Tensor, object] | None:
    """Return (picture, class) of a pair or dict; None if it is something else."""
    if isinstance(entry, dict):
        pictures = [value for value in entry.values() if _is_picture(value)]
        keys = {str(key).casefold(): key for key in entry}
        label = next((entry[keys[word]] for word in LABEL_WORDS if word in keys), None)
        entry = (pictures[0], label) if len(pictures) == 1 else None
    match entry:
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


def _are_single_pictures(tensors: Sequence[_Tensor | Array]) -> bool:
    """Whether each of the tensors has the shape of one picture."""
    layouts = [layout_of(tensor.shape, None) for tensor in tensors]
    return all(layout is not None and "N" not in layout.axes for layout in layouts)


def _leaves(obj: object, depth: int = 0) -> Iterator[object]:
    """Yield the leaves of nested dicts, lists and tuples."""
    inner: Iterable[object] = ()
    if depth <= _MAX_DEPTH and isinstance(obj, dict):
        inner = obj.values()
    elif depth <= _MAX_DEPTH and isinstance(obj, list | tuple):
        inner = obj
    else:
        yield obj
    for child in inner:
        yield from _leaves(child, depth + 1)


def _plain_list(obj: list[Any] | tuple[Any, ...]) -> Array | None:
    """Return a list of integers or of strings as an array; None if it is something else."""
    if len(obj) > 1 and all(type(value) is int and abs(value) < 2**62 for value in obj):
        return np.array(obj, np.int64)
    if len(obj) > 1 and all(type(value) is str and len(value) <= _MAX_STRING for value in obj):
        return np.array(obj)
    return None


def _storage(identity: object) -> object:
    match identity:
        case ("storage", Unknown((_, kind)), str(key), *_):
            return _Storage(key, kind)
    raise ValueError("it refers to what is not in it")


def _tensor(args: tuple[Any, ...]) -> object:
    match args:
        case (_Storage(key, kind), int(offset), tuple(shape), tuple(stride), *others):
            types = [other.name[1] for other in others if isinstance(other, Unknown)]
            kind = types[0] if types else kind
            if kind not in _TYPES:
                raise ValueError(
                    f"its numbers are of the type {printable(kind, 40)}, not known here"
                )
            sizes = (*shape, *stride, offset)
            is_valid = len(shape) == len(stride) and len(shape) <= 8
            if not is_valid or any(type(n) is not int or not 0 <= n < 2**48 for n in sizes):
                raise ValueError("a tensor in it has an impossible shape")
            return _Tensor(key, _TYPES[kind], offset, shape, stride)
    raise ValueError("a tensor in it is damaged")


def _parameter(args: tuple[Any, ...]) -> object:
    match args:
        case (_Tensor() as tensor, *_):
            return tensor
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
