"""Pickles as data: their instructions are read, never run.

A pickle is a program; even a restricted unpickler can be made to hang or to eat all memory. Here
the few instructions that plain containers, texts, numbers and arrays are made of build just these,
and any other refuses the file. What a program would call is left as a :class:`Call`, for whoever
knows what it means. The instructions: Lib/pickletools.py of CPython.
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

_MAX_STEPS = 5_000_000


@dataclass(frozen=True)
class Global:
    """The name of something in a module, which is not imported."""

    module: str
    name: str


@dataclass(eq=False)
class Call:
    """What a program would have called, with what it would have given it."""

    what: object
    given: object
    state: list[object] = field(default_factory=list)


@dataclass(frozen=True)
class Persistent:
    """What lies outside of the pickle, such as a tensor's numbers, by what is said of it."""

    words: object


class _Mark:
    pass


def pickled_data(program: bytes, max_steps: int = _MAX_STEPS) -> object:
    """Return what a pickle describes: dicts, lists, tuples, texts, bytes, numbers and ``Call``s.

    Raises:
        ValueError: it is damaged, too long, or needs an instruction that plain data does not.
    """
    try:
        return _Reader().read(program, max_steps)
    except (ValueError, MemoryError):
        raise
    except Exception as error:  # untrusted bytes make the parser raise nearly anything
        why = f"{type(error).__name__} {str(error)[:60]}".strip()
        raise ValueError(f"it is damaged ({why})") from error


class _Reader:
    """Follows the instructions on a stack of its own."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def read(self, program: bytes, max_steps: int) -> object:
        for number, (opcode, value, _) in enumerate(pickletools.genops(program)):
            if number > max_steps:
                raise ValueError("it is too long")
            if opcode.name == "STOP":
                break
            self._follow(opcode.name, value)
        if len(self._stack) != 1:
            raise ValueError("it is cut short")
        return self._stack[0]

    def _follow(self, code: str, value: Any) -> None:
        if code in _VALUES:
            self._stack.append(value)
        elif (made := _FRESH.get(code)) is not None:
            self._stack.append(made())
        elif code not in ("PROTO", "FRAME"):
            self._change(code, value)

    def _change(self, code: str, value: Any) -> None:
        stack = self._stack
        match code:
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self._memo[int(value)] = stack[-1]
            case "MEMOIZE":
                self._memo[len(self._memo)] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(self._memo[int(value)])
            case "GLOBAL":
                module, _, name = value.partition(" ")
                stack.append(Global(module, name))
            case "STACK_GLOBAL":
                name, module = stack.pop(), stack.pop()
                stack.append(Global(str(module), str(name)))
            case "TUPLE":
                stack.append(tuple(self._since_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(code[-1])
                stack[-count:] = [tuple(stack[-count:])]
            case "LIST":
                stack.append(self._since_mark())
            case "DICT":
                pairs = self._since_mark()
                stack.append({})
                self._set(pairs)
            case "POP":
                stack.pop()
            case "POP_MARK":
                self._since_mark()
            case "APPEND":
                item = stack.pop()
                _of(stack[-1], list).append(item)
            case "APPENDS":
                items = self._since_mark()
                _of(stack[-1], list).extend(items)
            case "SETITEM":
                item, key = stack.pop(), stack.pop()
                self._set([key, item])
            case "SETITEMS":
                self._set(self._since_mark())
            case "BINPERSID":
                stack.append(Persistent(stack.pop()))
            case "REDUCE" | "NEWOBJ":
                given = stack.pop()
                stack.append(_called(stack.pop(), given))
            case "BUILD":
                state = stack.pop()
                if isinstance(stack[-1], Call):
                    stack[-1].state.append(state)
            case _:
                raise ValueError("it is a program, and no plain data")

    def _since_mark(self) -> list[Any]:
        values = []
        while not isinstance(value := self._stack.pop(), _Mark):
            values.append(value)
        return values[::-1]

    def _set(self, pairs: list[Any]) -> None:
        table = self._stack[-1]
        # An OrderedDict is a call that is given its items afterwards.
        if isinstance(table, Call) and table.what == Global("collections", "OrderedDict"):
            table = self._stack[-1] = _OrderedTable(table)
        table = _of(table, dict)
        if len(pairs) % 2:
            raise ValueError("it is damaged")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if not isinstance(key, str | bytes | int | float | bool | tuple):
                raise ValueError("a key in it is no text and no number")
            table[key] = value


class _OrderedTable(dict[Any, Any]):
    """The items of an OrderedDict."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call


_VALUES = frozenset(
    (
        *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE", "STRING", "BINSTRING"),
        *("SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "INT", "LONG", "BININT"),
        *("BININT1", "BININT2", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    )
)
_FRESH: dict[str, Callable[[], object]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "MARK": _Mark,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
}


def _called(what: object, given: object) -> object:
    """Return a call, or the bytes that Python 3 writes as one for Python 2."""
    match what, given:
        case Global("_codecs", "encode"), (str(text), "latin1"):
            return text.encode("latin-1")
    return Call(what, given)


def _of(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise ValueError("it is a program, and no plain data")
    return value


_RECONSTRUCT = "_reconstruct"
_ORDERS: dict[str, Literal["<", ">", "="]] = {"<": "<", ">": ">", "|": "=", "=": "="}
_NUMPY = ("numpy.core.multiarray", "numpy._core.multiarray", "numpy")


def numpy_array(found: object) -> np.ndarray[Any, Any] | None:
    """Return the array that a call would have made, of plain numbers; None: it is another call.

    Raises:
        ValueError: it is damaged, or an array of Python objects.
    """
    if not isinstance(found, Call) or not isinstance(found.what, Global) or not found.state:
        return None
    if found.what.name != _RECONSTRUCT or found.what.module not in _NUMPY:
        return None
    match found.state[0]:
        case (int(), tuple(shape), Call() as dtype, fortran, content) if (
            all(type(size) is int and 0 <= size < 2**40 for size in shape) and len(shape) <= 8
        ):
            kind = _dtype(dtype)
            # Python 2 wrote bytes as texts.
            raw = content.encode("latin-1") if isinstance(content, str) else content
            if not isinstance(raw, bytes) or math.prod(shape) * kind.itemsize != len(raw):
                raise ValueError("an array in it is cut short, or holds Python objects")
            flat: np.ndarray[Any, Any] = np.frombuffer(raw, kind)
            return flat.reshape(shape, order="F" if fortran else "C")
    raise ValueError("an array in it is damaged")


def _dtype(made: Call) -> np.dtype[Any]:
    match made.what, made.given:
        case Global(module, "dtype"), (str() | bytes() as name, *_) if module in (*_NUMPY, "numpy"):
            text = name.decode("ascii", "replace") if isinstance(name, bytes) else name
            order = "<"
            if made.state and isinstance(made.state[0], tuple) and len(made.state[0]) > 1:
                order = str(made.state[0][1])
            if len(text) <= 5 and text[:1] in "biuf" and order in _ORDERS:
                return np.dtype(text).newbyteorder(_ORDERS[order])
    raise ValueError("an array in it is of a type that is not known")
