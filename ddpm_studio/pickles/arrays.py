"""NumPy arrays in pickles: numeric ones are rebuilt from their bytes, object arrays rejected."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ddpm_studio.pickles.reader import Name

_ORDERS: dict[str, Literal["<", ">", "="]] = {"<": "<", ">": ">", "|": "=", "=": "="}
_CORES = ("numpy.core", "numpy._core")
_MAX_DIMENSIONS = 8


class PickledDtype:
    """dtype of a pickled array; its byte order is set later, by the pickle's BUILD instruction."""

    def __init__(self, name: str) -> None:
        # Only numeric types such as "u1" or "f4": no objects, strings or records.
        if not (2 <= len(name) <= 3 and name[0] in "biuf" and name[1:].isdecimal()):
            raise ValueError("an array in it is of a type that is not known")
        self.dtype = np.dtype(name)

    def build(self, state: object) -> None:
        """Set the byte order from the pickled state."""
        match state:
            case (int(), str(order), *_) if order in _ORDERS:
                self.dtype = self.dtype.newbyteorder(_ORDERS[order])


class PickledArray:
    """Pickled array; its shape, dtype and bytes are set later, by the BUILD instruction."""

    def __init__(self) -> None:
        self._array: npt.NDArray[Any] | None = None

    def build(self, state: object) -> None:
        """Set shape, dtype and content from the pickled state.

        Raises:
            ValueError: if the state is damaged, or the array holds Python objects.
        """
        match state:
            case (int(), tuple(shape), PickledDtype() as kind, fortran, content):
                pass
            case _:
                raise ValueError("an array in it is damaged, or holds Python objects")
        # Python 2 pickled bytes as str.
        raw = content.encode("latin-1") if isinstance(content, str) else content
        valid = len(shape) <= _MAX_DIMENSIONS and all(
            type(size) is int and 0 <= size < 2**40 for size in shape
        )
        if not isinstance(raw, bytes) or not valid:
            raise ValueError("an array in it is damaged, or holds Python objects")
        if math.prod(shape) * kind.dtype.itemsize != len(raw):
            raise ValueError("an array in it is cut short")
        flat: npt.NDArray[Any] = np.frombuffer(raw, kind.dtype)
        self._array = flat.reshape(shape, order="F" if fortran else "C")

    def transpose(self, axes: tuple[Any, ...]) -> None:
        """Permute the axes.

        Raises:
            ValueError: if ``axes`` is not a permutation of the axes.
        """
        if sorted(axes) != list(range(self.array.ndim)):
            raise ValueError("an array in it is damaged, or holds Python objects")
        self._array = self.array.transpose(axes)

    @property
    def array(self) -> npt.NDArray[Any]:
        """The NumPy array.

        Raises:
            ValueError: if its content was never set.
        """
        if self._array is None:
            raise ValueError("an array in it is cut short")
        return self._array


def _dtype(args: tuple[Any, ...]) -> object:
    match args:
        case (str(name), *_):
            return PickledDtype(name)
        case (bytes(raw), *_):
            return PickledDtype(raw.decode("ascii", "replace"))
    raise ValueError("an array in it is of a type that is not known")


def _from_buffer(args: tuple[Any, ...]) -> object:
    """Rebuild an array as pickled by protocol 5: bytes, dtype, shape and order."""
    array = PickledArray()
    match args:
        case (content, kind, shape, "C" | "F" as order, *more) if more in ([], [None]):
            array.build((1, shape, kind, order == "F", content))
        case (content, kind, tuple(shape), "K", tuple(axes)):
            # The shape in memory order, and the permutation of the axes.
            array.build((1, shape, kind, False, content))
            array.transpose(axes)
        case _:
            raise ValueError("an array in it is damaged, or holds Python objects")
    return array


#: Constructors of arrays by pickled name, for :func:`ddpm_studio.pickles.reader.parse_pickle`.
ARRAY_MAKERS: dict[Name, Callable[[tuple[Any, ...]], object]] = {
    **{(f"{core}.multiarray", "_reconstruct"): lambda args: PickledArray() for core in _CORES},
    **{(f"{core}.numeric", "_frombuffer"): _from_buffer for core in _CORES},
    ("numpy", "dtype"): _dtype,
}
