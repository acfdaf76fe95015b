"""Files written by ``torch.save``, read without executing their pickles.

Such a file is a zip (:mod:`~ddpm_studio.pickles.torch_zip`) or, before 2020, a sequence of pickles:
an object tree, followed by the raw bytes of each storage. Format: torch/serialization.py.
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import torch
from torch import Tensor

from ddpm_studio.pickles.reader import Unknown, parse_pickle
from ddpm_studio.pickles.torch_zip import TorchZip

_T = TypeVar("_T")

_MAX_TREE_BYTES = 16 << 20
_MAX_DIMENSIONS = 8
_ZIP = b"PK\x03\x04"
#: First bytes of a file in the legacy format, before 2020: the pickle of torch's magic number.
_LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_STORAGES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
    "ByteStorage": torch.uint8,
    "CharStorage": torch.int8,
    "ShortStorage": torch.int16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
    "BoolStorage": torch.bool,
}

__all__ = [
    "TensorRef",
    "TorchFile",
    "Unknown",
    "is_torch_file",
    "load_torch_file",
    "open_torch_file",
]


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: torch.dtype


@dataclass(frozen=True)
class TensorRef:
    """Reference to a tensor in a file: storage, offset, shape and stride."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def dtype(self) -> torch.dtype:
        """dtype of the tensor."""
        return self.storage.dtype


@dataclass(frozen=True)
class TorchFile:
    """Content of an open file; the file must stay open while tensors are read.

    Args:
        tree: dicts, lists, tuples, numbers, text, :class:`TensorRef` for a tensor, and
            :class:`Unknown` for any other object.
        read_storage: reads a whole storage as a 1-D tensor.
    """

    tree: object
    read_storage: Callable[[_Storage], Tensor]

    def load(self, ref: TensorRef) -> Tensor:
        """Read a tensor from the file.

        Raises:
            OSError: if the file can't be read.
            ValueError: if it is damaged.
        """
        return _wrap_errors(lambda: _tensor(ref, self.read_storage(ref.storage)))


def is_torch_file(path: Path) -> bool:
    """Whether a file has the magic bytes of ``torch.save``; true for any zip.

    Raises:
        OSError: if the file can't be read.
    """
    with path.open("rb") as stream:
        head = stream.read(len(_LEGACY_MAGIC))
    return head.startswith(_ZIP) or head == _LEGACY_MAGIC


@contextmanager
def open_torch_file(path: Path) -> Iterator[TorchFile]:
    """Context manager that opens a file of ``torch.save``; tensors are read lazily.

    Raises:
        OSError: if the file can't be read.
        ValueError: if it is damaged, or not such a file.
    """
    with path.open("rb") as stream:
        if stream.read(len(_LEGACY_MAGIC)) == _LEGACY_MAGIC:
            yield _wrap_errors(lambda: _open_legacy(stream))
            return
        with _wrap_errors(lambda: zipfile.ZipFile(stream)) as archive:
            yield _wrap_errors(lambda: _open_zip(archive))


def load_torch_file(path: Path) -> dict[str, Tensor]:
    """Load a ``state_dict`` written by ``torch.save``: floating-point tensors by name.

    Raises:
        OSError: if the file can't be read.
        ValueError: if it is damaged, or contains anything else.
    """
    with open_torch_file(path) as file:
        if not isinstance(file.tree, dict):
            raise ValueError("it is no table of weights")
        for name, ref in file.tree.items():
            if not isinstance(name, str):
                raise ValueError("a tensor in it has no name")
            if not isinstance(ref, TensorRef):
                raise ValueError(f"{name[:80]} in it is no tensor")
            if not ref.dtype.is_floating_point:
                raise ValueError("it holds numbers of a kind that no weights have")
        return {name: file.load(ref) for name, ref in file.tree.items()}


def _wrap_errors(read: Callable[[], _T]) -> _T:
    """Call a parser of untrusted bytes; convert nearly any exception to a ValueError.

    MemoryError, and an OSError of the system, are re-raised.
    """
    try:
        return read()
    except (ValueError, MemoryError):
        raise
    except OSError as error:
        if error.strerror:
            raise
        raise ValueError(f"it is damaged ({error})") from error
    except Exception as error:
        raise ValueError(f"it is damaged ({str(error)[:100] or type(error).__name__})") from error


def _open_zip(archive: zipfile.ZipFile) -> TorchFile:
    torch_zip = TorchZip(archive)
    tree = _tree(io.BytesIO(torch_zip.tree(_MAX_TREE_BYTES)))
    cached: dict[_Storage, Tensor] = {}

    def read_storage(storage: _Storage) -> Tensor:
        if storage not in cached:
            tensor = _to_tensor(torch_zip.numbers(storage.key), storage.dtype)
            # Cache of the latest storage, since views that share one usually follow each other.
            cached.clear()
            cached[storage] = tensor
        return cached[storage]

    return TorchFile(tree, read_storage)


def _open_legacy(stream: BinaryIO) -> TorchFile:
    """Read the legacy format, before 2020; the stream is after its first pickle."""
    start = stream.tell()
    header = io.BytesIO(stream.read(_MAX_TREE_BYTES))
    if parse_pickle(header) != 1001:
        raise ValueError("it is of a layout of torch that is not known here")
    system_info = parse_pickle(header)
    if isinstance(system_info, dict) and system_info.get("little_endian") is False:
        raise ValueError("its numbers are written backwards")
    sizes: dict[str, tuple[torch.dtype, int]] = {}
    tree = _tree(header, sizes)
    keys = parse_pickle(header)
    if not isinstance(keys, list) or len(keys) > len(sizes):
        raise ValueError("it does not say where its numbers are")
    offset, offsets = start + header.tell(), {}
    for key in keys:
        dtype, count = sizes[str(key)]
        offsets[str(key)] = offset + 8
        offset += 8 + count * dtype.itemsize

    def read_storage(storage: _Storage) -> Tensor:
        dtype, count = sizes[storage.key]
        stream.seek(offsets[storage.key] - 8)
        if struct.unpack("<q", stream.read(8)) != (count,):
            raise ValueError("a tensor in it has another number of numbers than it says")
        data = stream.read(count * dtype.itemsize)
        if len(data) < count * dtype.itemsize:
            raise ValueError("it is cut short")
        return _to_tensor(data, storage.dtype)

    return TorchFile(tree, read_storage)


def _tree(stream: BinaryIO, sizes: dict[str, tuple[torch.dtype, int]] | None = None) -> object:
    """Read the object tree; fill ``sizes`` with the dtype and number of elements of storages."""

    def load_storage(persistent_id: object) -> object:
        match persistent_id:
            case ("storage", Unknown(("torch", kind)), str(key), str(), int(count), *more) if (
                kind in _STORAGES and not any(more)
            ):
                if sizes is not None:
                    if not 0 <= count < 1 << 40 or sizes.get(key, (None, count))[1] != count:
                        raise ValueError("it does not say how many numbers there are")
                    sizes[key] = _STORAGES[kind], count
                return _Storage(key, _STORAGES[kind])
        return Unknown(("torch", "storage"))

    return parse_pickle(stream, _MAKERS, load_storage)


def _to_tensor(data: bytes, dtype: torch.dtype) -> Tensor:
    if len(data) % dtype.itemsize:
        raise ValueError("it is cut short")
    if not data:
        return torch.empty(0, dtype=dtype)
    return torch.frombuffer(bytearray(data), dtype=dtype)


def _tensor(ref: TensorRef, storage: Tensor) -> Tensor:
    if len(ref.shape) != len(ref.stride) or len(ref.shape) > _MAX_DIMENSIONS:
        raise ValueError("a tensor in it has no shape")
    if any(n < 0 for n in (*ref.shape, *ref.stride, ref.offset)):
        raise ValueError("a tensor in it has a negative shape")
    count = math.prod(ref.shape)
    # With a stride of 0, a tensor of any size could be made from a single element.
    if count > len(storage):
        raise ValueError("a tensor in it is larger than its numbers")
    end = ref.offset + sum((n - 1) * s for n, s in zip(ref.shape, ref.stride, strict=True))
    if count and end >= len(storage):
        raise ValueError("a tensor in it leads out of its numbers")
    return torch.as_strided(storage, ref.shape, ref.stride, ref.offset)


def _tensor_ref(args: tuple[Any, ...]) -> object:
    match args:
        case (_Storage() as storage, int(offset), tuple(shape), tuple(stride), *_) if all(
            type(n) is int for n in (*shape, *stride)
        ):
            return TensorRef(storage, offset, shape, stride)
    return Unknown(("torch", "tensor"))


def _parameter(args: tuple[Any, ...]) -> object:
    return args[0] if args and isinstance(args[0], TensorRef) else Unknown(("torch", "parameter"))


_MAKERS: dict[tuple[str, str], Callable[[tuple[Any, ...]], object]] = {
    ("torch._utils", "_rebuild_tensor"): _tensor_ref,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor_ref,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch", "Size"): lambda args: args[0] if args and isinstance(args[0], tuple) else (),
}
