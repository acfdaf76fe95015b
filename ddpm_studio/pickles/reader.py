"""Safe pickle parser: interprets a pickle's opcodes without importing or calling what they name.

A pickle is a program; even a restricted unpickler can be made to hang or to exhaust memory. Here
the opcodes only build plain containers, numbers and text. Any other object is represented by an
:class:`Unknown` that holds its name, unless the caller gives a constructor for it.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, runtime_checkable

_MAX_STEPS = 1_000_000
_KEYS = (str, bytes, int, float, bool, type(None))

Name = tuple[str, str]
"""Module and attribute of a global that a pickle refers to."""


@dataclass(frozen=True)
class Unknown:
    """Placeholder for an object that is not built: a class, a function, or its result."""

    name: Name


@runtime_checkable
class Buildable(Protocol):
    """Object that accepts a pickled state after construction, as by ``__setstate__``."""

    def build(self, state: object) -> None:
        """Set the state."""
        ...


class _Mark:
    pass


def parse_pickle(
    stream: BinaryIO,
    makers: Mapping[Name, Callable[[tuple[Any, ...]], object]] | None = None,
    persistent: Callable[[object], object] | None = None,
) -> object:
    """Parse a pickle and return its content; the stream is left after the end of the pickle.

    Args:
        stream: should be bounded, such as a ``BytesIO``: a text may be as long as the stream.
        makers: constructors by name: called with a tuple of arguments in place of the global.
        persistent: called with a persistent ID, for objects that are stored outside the pickle.

    Returns:
        dicts, lists, tuples, sets as lists, numbers, text, bytes, None, results of the
        constructors, and :class:`Unknown`. A container may contain itself.

    Raises:
        ValueError: if the pickle is damaged, too long, or contains more than data.
        Exception: nearly any other, since the bytes may be anything.
    """
    return _Reader({**_PLAIN, **(makers or {})}, persistent).read(stream)


def _dict(args: tuple[Any, ...]) -> object:
    match args:
        # The argument of a defaultdict is its factory.
        case () | (Unknown(),):
            return {}
    raise ValueError("it holds more than data")


def _list(args: tuple[Any, ...]) -> object:
    match args:
        case () | ([*_],):
            return list(*args)
    raise ValueError("it holds more than data")


def _bytes(args: tuple[Any, ...]) -> object:
    match args:
        case (str(text), "latin1"):
            return text.encode("latin1")
    raise ValueError("it holds more than data")


def _empty_bytes(args: tuple[Any, ...]) -> object:
    match args:
        case ():
            return b""
    raise ValueError("it holds more than data")


# Constructors of containers and bytes for which protocol 2 has no opcodes.
_PLAIN: dict[Name, Callable[[tuple[Any, ...]], object]] = {
    ("collections", "OrderedDict"): _dict,
    ("collections", "defaultdict"): _dict,
    ("_codecs", "encode"): _bytes,
    **{(module, "bytes"): _empty_bytes for module in ("builtins", "__builtin__")},
    **{
        (module, name): _list
        for module in ("builtins", "__builtin__")
        for name in ("set", "frozenset")
    },
}


class _Reader:
    """Stack machine that interprets a pickle's opcodes."""

    def __init__(
        self,
        makers: Mapping[Name, Callable[[tuple[Any, ...]], object]],
        persistent: Callable[[object], object] | None,
    ) -> None:
        self._makers, self._persistent = makers, persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def read(self, stream: BinaryIO) -> object:
        for index, (opcode, value, _) in enumerate(pickletools.genops(stream)):
            if index > _MAX_STEPS:
                raise ValueError("its table is too long")
            self._execute(opcode.name, value)
        if len(self._stack) != 1:
            raise ValueError("it ends too early")
        content: object = self._stack[0]
        return content

    def _execute(self, code: str, value: Any) -> None:
        stack = self._stack
        match code:
            case "PROTO" | "FRAME" | "STOP":
                pass
            case "MARK":
                stack.append(_Mark())
            case "POP":
                stack.pop()
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                stack.append({"NEWTRUE": True, "NEWFALSE": False, "NONE": None}[code])
            case (
                "INT" | "BININT" | "BININT1" | "BININT2" | "LONG" | "LONG1" | "LONG4"
                | "FLOAT" | "BINFLOAT" | "STRING" | "BINSTRING" | "SHORT_BINSTRING"
                | "UNICODE" | "BINUNICODE" | "SHORT_BINUNICODE" | "BINUNICODE8"
                | "BINBYTES" | "SHORT_BINBYTES" | "BINBYTES8"
            ):  # fmt: skip
                stack.append(value)
            case "BYTEARRAY8":
                stack.append(bytes(value))
            case "EMPTY_DICT" | "DICT":
                pairs = self._pop_mark() if code == "DICT" else []
                stack.append({})
                self._set_items(pairs)
            case "EMPTY_LIST" | "EMPTY_SET" | "LIST" | "FROZENSET":
                stack.append([] if code.startswith("EMPTY") else self._pop_mark())
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE":
                stack.append(tuple(self._pop_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                count = int(code[-1])
                stack[-count:] = [tuple(stack[-count:])]
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                self._memo[value] = stack[-1]
            case "MEMOIZE":
                self._memo[len(self._memo)] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(self._memo[value])
            case "GLOBAL":
                module, _, name = value.partition(" ")
                stack.append(Unknown((module, name)))
            case "STACK_GLOBAL":
                name, module = stack.pop(), stack.pop()
                stack.append(Unknown((_text(module), _text(name))))
            case "PERSID":
                stack.append(self._load_persistent(value))
            case "BINPERSID":
                stack.append(self._load_persistent(stack.pop()))
            case "REDUCE" | "NEWOBJ":
                args = stack.pop()
                stack.append(self._construct(stack.pop(), args))
            case "NEWOBJ_EX":
                del stack[-1:]
                args = stack.pop()
                stack.append(self._construct(stack.pop(), args))
            case "APPEND":
                self._append_items([stack.pop()])
            case "APPENDS" | "ADDITEMS":
                self._append_items(self._pop_mark())
            case "SETITEM":
                item, key = stack.pop(), stack.pop()
                self._set_items([key, item])
            case "SETITEMS":
                self._set_items(self._pop_mark())
            case "BUILD":
                state = stack.pop()
                if isinstance(stack[-1], Buildable):
                    stack[-1].build(state)
            case _:
                raise ValueError("it holds more than data")

    def _pop_mark(self) -> list[Any]:
        values = []
        while not isinstance(value := self._stack.pop(), _Mark):
            values.append(value)
        return values[::-1]

    def _set_items(self, pairs: list[Any]) -> None:
        table = self._stack[-1]
        if isinstance(table, Unknown):
            return
        if not isinstance(table, dict) or len(pairs) % 2:
            raise ValueError("it holds more than data")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            # Hashing nested tuples could take exponential time.
            if not isinstance(key, _KEYS):
                raise ValueError("a key in it is neither a name nor a number")
            table[key] = value

    def _append_items(self, values: list[Any]) -> None:
        if isinstance(self._stack[-1], list):
            self._stack[-1].extend(values)
        elif not isinstance(self._stack[-1], Unknown):
            raise ValueError("it holds more than data")

    def _construct(self, target: object, args: object) -> object:
        if not isinstance(target, Unknown) or not isinstance(args, tuple):
            raise ValueError("it holds more than data")
        maker = self._makers.get(target.name)
        return target if maker is None else maker(args)

    def _load_persistent(self, persistent_id: object) -> object:
        if self._persistent is None:
            raise ValueError("it refers to what is not in it")
        return self._persistent(persistent_id)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("it names something by what is no name")
    return value
