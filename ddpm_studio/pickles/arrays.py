"""Arrays of NumPy in pickles: of plain numbers, made of their bytes; of Python objects, refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ddpm_studio.pickles.reader import Name

_ORDERS: dict[str, Literal["<", ">", "="]] = {"<": "<", ">": ">", "|": "=", "=": "="}
_CORES = ("numpy.core", "numpy._core")
_MOST_DIMENSIONS = 8


class PickledDtype:
    """The type of an array's numbers, which is told its byte order afterwards."""

    def __init__(self, name: str) -> None:
        # As "u1" or "f4": no objects, no texts, no records.
        if not (2 <= len(name) <= 3 and name[0] in "biuf" and name[1:].isdecimal()):
            raise ValueError("an array in it is of a type that is not known")
        self.dtype = np.dtype(name)

    def build(self, state: object) -> None:
        """Take the byte order."""
        match state:
            case (int(), str(order), *_) if order in _ORDERS:
                self.dtype = self.dtype.newbyteorder(_ORDERS[order])


class PickledArray:
    """An array, which is told its shape, its type and its bytes afterwards."""

    def __init__(self) -> None:
        self._array: npt.NDArray[Any] | None = None

    def build(self, state: object) -> None:
        """Take all of it.

        Raises:
            ValueError: it is damaged, or an array of Python objects.
        """
        match state:
            case (int(), tuple(shape), PickledDtype() as kind, fortran, content):
                pass
            case _:
                raise ValueError("an array in it is damaged, or holds Python objects")
        # Python 2 wrote bytes as texts.
        raw = content.encode("latin-1") if isinstance(content, str) else content
        sound = len(shape) <= _MOST_DIMENSIONS and all(
            type(size) is int and 0 <= size < 2**40 for size in shape
        )
        if not isinstance(raw, bytes) or not sound:
            raise ValueError("an array in it is damaged, or holds Python objects")
        if math.prod(shape) * kind.dtype.itemsize != len(raw):
            raise ValueError("an array in it is cut short")
        flat: npt.NDArray[Any] = np.frombuffer(raw, kind.dtype)
        self._array = flat.reshape(shape, order="F" if fortran else "C")

    def transpose(self, axes: tuple[Any, ...]) -> None:
        """Take the order of its axes.

        Raises:
            ValueError: there are no such axes.
        """
        if sorted(axes) != list(range(self.array.ndim)):
            raise ValueError("an array in it is damaged, or holds Python objects")
        self._array = self.array.transpose(axes)

    @property
    def array(self) -> npt.NDArray[Any]:
        """The array.

        Raises:
            ValueError: nothing was told of it.
        """
        if self._array is None:
            raise ValueError("an array in it is cut short")
        return self._array


def _dtype(given: tuple[Any, ...]) -> object:
    match given:
        case (str(name), *_):
            return PickledDtype(name)
        case (bytes(raw), *_):
            return PickledDtype(raw.decode("ascii", "replace"))
    raise ValueError("an array in it is of a type that is not known")


def _of_buffer(given: tuple[Any, ...]) -> object:
    """Make an array as protocol 5 writes it: its bytes, type, shape and order."""
    array = PickledArray()
    match given:
        case (content, kind, shape, "C" | "F" as order, *more) if more in ([], [None]):
            array.build((1, shape, kind, order == "F", content))
        case (content, kind, tuple(shape), "K", tuple(axes)):
            # The axes as they lie in memory, and in which order they are meant.
            array.build((1, shape, kind, False, content))
            array.transpose(axes)
        case _:
            raise ValueError("an array in it is damaged, or holds Python objects")
    return array


#: How arrays are made of what a pickle says, for :func:`ddpm_studio.pickles.reader.parse_pickle`.
ARRAY_MAKERS: dict[Name, Callable[[tuple[Any, ...]], object]] = {
    **{(f"{core}.multiarray", "_reconstruct"): lambda given: PickledArray() for core in _CORES},
    **{(f"{core}.numeric", "_frombuffer"): _of_buffer for core in _CORES},
    ("numpy", "dtype"): _dtype,
}
