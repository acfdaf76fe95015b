"""Parser of ``.npy`` headers by regular expressions, without evaluating them.

NumPy evaluates the header as a Python literal, and a malicious one can exhaust that parser. The
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
    """Raised for an array of Python objects, which could only be loaded as a pickle."""


class StructuredArrayError(ValueError):
    """Raised for a structured array (records of several fields), which holds no pictures."""


class SupportsRead(Protocol):
    """Protocol for a binary stream that can be read."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes."""


@dataclass(frozen=True)
class NpyHeader:
    """Header of a ``.npy`` file: shape, order and dtype of the array at byte ``offset``."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    offset: int

    @property
    def size(self) -> int:
        """Size in bytes of the array."""
        return math.prod(self.shape) * self.dtype.itemsize


def read_npy_header(stream: SupportsRead) -> NpyHeader:
    """Read the ``.npy`` header at the start of a stream, leaving it at the array's first byte.

    Raises:
        PickledArrayError: the file is a pickle or holds Python objects.
        StructuredArrayError: the array is structured.
        ValueError: the header is damaged, too long, or of no array of plain numbers.
    """
    head = stream.read(8)
    if head.startswith(_PICKLE):
        raise PickledArrayError("it is pickled")
    if not head.startswith(MAGIC) or len(head) < 8:
        raise ValueError("it does not begin as .npy files do")
    version = head[6]
    length_code = {1: "<H", 2: "<I", 3: "<I"}.get(version)
    if length_code is None:
        raise ValueError(f"its format {version} is not known")
    width = struct.calcsize(length_code)
    length_bytes = stream.read(width)
    if len(length_bytes) < width:
        raise ValueError("it is cut short")
    (length,) = struct.unpack(length_code, length_bytes)
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
        raise StructuredArrayError("it holds records of several fields")
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
