"""The header of a ``.npy`` file, taken word for word and never evaluated.

NumPy reads it as a Python literal; one that is made to do harm can exhaust the parser. The
format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

MAGIC = b"\x93NUMPY"
_PICKLE = b"\x80"
_MAX_BYTES = 10_000
_MAX_DIMENSIONS = 8
_DESCR = re.compile(r"""['"]descr['"]\s*:\s*['"]([<>|=]?[A-Za-z][0-9]{0,4}(?:\[\w+\])?)['"]""")
_ORDER = re.compile(r"""['"]fortran_order['"]\s*:\s*(True|False)""")
_SHAPE = re.compile(r"""['"]shape['"]\s*:\s*\(([0-9,\sL]*)\)""")
_OBJECTS = re.compile(r"""['"]descr['"]\s*:.*['"][|<>=]?O""", re.DOTALL)

_FIELDS = re.compile(r"""['"]descr['"]\s*:\s*\[\s*\(""")


class PickledArrayError(ValueError):
    """It holds Python objects, which only a pickle could bring back."""


class FieldsError(ValueError):
    """It holds records of several fields, which are no pictures."""


class Readable(Protocol):
    """What has bytes to give."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes."""


@dataclass(frozen=True)
class NpyHeader:
    """What a ``.npy`` file claims to hold from byte ``offset`` on."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    offset: int

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy_header(stream: Readable) -> NpyHeader:
    """Read the header at the beginning of a stream, which then stands at the array's bytes.

    Raises:
        PickledArrayError: it is a pickle or holds Python objects.
        FieldsError: it holds records.
        ValueError: it is damaged, too long, or no array of plain numbers.
    """
    head = stream.read(8)
    if head.startswith(_PICKLE):
        raise PickledArrayError("it is pickled")
    if not head.startswith(MAGIC) or len(head) < 8:
        raise ValueError("it does not begin as .npy files do")
    version = head[6]
    form = {1: "<H", 2: "<I", 3: "<I"}.get(version)
    if form is None:
        raise ValueError(f"its format {version} is not known")
    width = struct.calcsize(form)
    raw = stream.read(width)
    if len(raw) < width:
        raise ValueError("it is cut short")
    (length,) = struct.unpack(form, raw)
    if length > _MAX_BYTES:
        raise ValueError("its header is too long")
    text = stream.read(length)
    if len(text) < length:
        raise ValueError("it is cut short")
    shape, fortran, dtype = _parse(text.decode("latin-1"))
    return NpyHeader(shape, fortran, dtype, 8 + width + length)


def _parse(text: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    if _OBJECTS.search(text):
        raise PickledArrayError("it holds Python objects")
    descr, order, dimensions = _DESCR.search(text), _ORDER.search(text), _SHAPE.search(text)
    if descr is None and _FIELDS.search(text):
        raise FieldsError("it holds records of several fields")
    if descr is None or order is None or dimensions is None:
        raise ValueError("its header is no plain array's")
    try:
        dtype = np.dtype(descr[1])
    except TypeError:
        raise ValueError(f"its type {descr[1]} is not known") from None
    words = [word.strip().removesuffix("L") for word in dimensions[1].split(",")]
    words = [word for word in words if word]
    if len(words) > _MAX_DIMENSIONS or any(not w.isdecimal() or len(w) > 18 for w in words):
        raise ValueError("its shape is impossible")
    return tuple(int(word) for word in words), order[1] == "True", dtype
