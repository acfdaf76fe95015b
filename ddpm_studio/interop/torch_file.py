"""The weights in a file of ``torch.save``, without unpickling.

Such a file is a zip: a pickled table and, for each tensor, its plain bytes. A pickle is a
program; even a restricted unpickler can be made to hang or to eat all memory. Here its
instructions are read, not run: the few that a table of tensors is made of build that table,
and any other refuses the file. The format: torch/csrc/jit/serialization/pickler.h.
"""

from __future__ import annotations

import math
import pickletools
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

_MAX_TABLE_BYTES = 16 << 20
_MAX_STEPS = 1_000_000
_STORAGES = {
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64,
}
_DICT = ("collections", "OrderedDict")
_TENSOR = ("torch._utils", "_rebuild_tensor_v2")
_PARAMETER = ("torch._utils", "_rebuild_parameter")


@dataclass(frozen=True)
class _Global:
    name: tuple[str, str]


@dataclass(frozen=True)
class _Storage:
    key: str
    dtype: torch.dtype


@dataclass(frozen=True)
class _View:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


@dataclass
class _Table:
    items: dict[str, object] = field(default_factory=dict)


class _Mark:
    pass


def load_torch_file(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file that ``torch.save`` wrote of a ``state_dict``.

    Raises:
        OSError: it can't be read.
        ValueError: it is damaged, or holds anything else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _tensors(archive)
    except (ValueError, MemoryError):
        raise
    except OSError as error:
        if error.strerror:
            raise
        raise ValueError(f"it is damaged ({error})") from error
    except Exception as error:  # untrusted bytes make the parsers raise nearly anything
        raise ValueError(f"it is damaged ({str(error)[:100] or type(error).__name__})") from error


def _tensors(archive: zipfile.ZipFile) -> dict[str, Tensor]:
    members = {info.filename: info for info in archive.infolist()}
    tables = [name for name in members if name.endswith("/data.pkl")]
    if len(tables) != 1:
        raise ValueError("it is no file of weights")
    root = tables[0].removesuffix("data.pkl")
    order = f"{root}byteorder"
    if order in members and _read(archive, members[order], 16) != b"little":
        raise ValueError("its numbers are written backwards")
    table = _Reader(_read(archive, members[tables[0]], _MAX_TABLE_BYTES)).table()
    tensors = {}
    storages: dict[_Storage, Tensor] = {}
    for name, view in table.items.items():
        if not isinstance(view, _View):
            raise ValueError(f"{name[:80]} in it is no tensor")
        if view.storage not in storages:
            info = members.get(f"{root}data/{view.storage.key}")
            if info is None:
                raise ValueError(f"{name[:80]} in it has no numbers")
            data = bytearray(_read(archive, info, info.file_size))
            storages[view.storage] = _numbers(data, view.storage.dtype)
        tensors[name] = _tensor(view, storages[view.storage])
    return tensors


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    # torch packs nothing: what is packed could be a bomb.
    if info.compress_type != zipfile.ZIP_STORED or info.file_size > info.compress_size:
        raise ValueError("it is packed, which torch does not do")
    if info.file_size > most:
        raise ValueError("its table is too long")
    return archive.read(info)


def _numbers(data: bytearray, dtype: torch.dtype) -> Tensor:
    if len(data) % dtype.itemsize:
        raise ValueError("it is cut short")
    return torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)


def _tensor(view: _View, numbers: Tensor) -> Tensor:
    if len(view.shape) != len(view.stride) or len(view.shape) > 8:
        raise ValueError("a tensor in it has no shape")
    if any(n < 0 for n in (*view.shape, *view.stride, view.offset)):
        raise ValueError("a tensor in it has a negative shape")
    count = math.prod(view.shape)
    # A stride of 0 could make a tensor of any size out of one number.
    if count > len(numbers):
        raise ValueError("a tensor in it is larger than its numbers")
    last = view.offset + sum((n - 1) * s for n, s in zip(view.shape, view.stride, strict=True))
    if count and last >= len(numbers):
        raise ValueError("a tensor in it leads out of its numbers")
    return torch.as_strided(numbers, view.shape, view.stride, view.offset)


class _Reader:
    """Follows the instructions of a table of tensors on a stack of its own."""

    def __init__(self, program: bytes) -> None:
        self._program = program
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def table(self) -> _Table:
        for number, (code, value) in enumerate(self._steps()):
            if number > _MAX_STEPS:
                raise ValueError("its table is too long")
            if code == "STOP":
                break
            self._follow(code, value)
        if len(self._stack) != 1 or not isinstance(self._stack[0], _Table):
            raise ValueError("it is no table of weights")
        return self._stack[0]

    def _steps(self) -> Iterator[tuple[str, Any]]:
        for opcode, value, _ in pickletools.genops(self._program):
            yield opcode.name, value

    def _follow(self, code: str, value: Any) -> None:
        stack = self._stack
        match code:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                stack.append(_Mark())
            case "EMPTY_DICT":
                stack.append(_Table())
            case "EMPTY_TUPLE":
                stack.append(())
            case "GLOBAL":
                module, _, name = value.partition(" ")
                stack.append(_Global((module, name)))
            case "BINUNICODE" | "SHORT_BINUNICODE" | "BININT" | "BININT1" | "BININT2" | "LONG1":
                stack.append(value)
            case "NEWTRUE" | "NEWFALSE" | "NONE":
                stack.append({"NEWTRUE": True, "NEWFALSE": False, "NONE": None}[code])
            case "BINPUT" | "LONG_BINPUT":
                self._memo[value] = stack[-1]
            case "MEMOIZE":
                self._memo[len(self._memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self._memo[value])
            case "TUPLE":
                stack.append(tuple(self._since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(code[-1])
                stack[-count:] = [tuple(stack[-count:])]
            case "BINPERSID":
                stack.append(_storage(stack.pop()))
            case "REDUCE":
                given = stack.pop()
                stack.append(_made(stack.pop(), given))
            case "SETITEM":
                item, key = stack.pop(), stack.pop()
                self._set([key, item])
            case "SETITEMS":
                self._set(self._since_mark())
            case "BUILD":
                # A state_dict's notes on versions of its modules.
                stack.pop()
            case _:
                raise ValueError("it holds more than a table of weights")

    def _since_mark(self) -> list[Any]:
        values = []
        while not isinstance(value := self._stack.pop(), _Mark):
            values.append(value)
        return values[::-1]

    def _set(self, pairs: list[Any]) -> None:
        table = self._stack[-1]
        if not isinstance(table, _Table) or len(pairs) % 2:
            raise ValueError("it holds more than a table of weights")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, str):
                raise ValueError("a tensor in it has no name")
            table.items[key] = value


def _storage(words: object) -> _Storage:
    match words:
        case ("storage", _Global(("torch", kind)), str(key), str(), int()) if kind in _STORAGES:
            return _Storage(key, _STORAGES[kind])
    raise ValueError("it holds numbers of a kind that no weights have")


def _made(made: object, given: object) -> object:
    match made, given:
        case _Global(name), () if name == _DICT:
            return _Table()
        case _Global(name), (_View() as view, bool(), _Table()) if name == _PARAMETER:
            return view
        case _Global(name), (
            _Storage() as storage,
            int(offset),
            tuple(shape),
            tuple(stride),
            bool(),
            _Table(),
        ) if name == _TENSOR and all(type(n) is int for n in (*shape, *stride)):
            return _View(storage, offset, shape, stride)
    raise ValueError("it holds more than a table of weights")
