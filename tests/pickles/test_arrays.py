"""Safe reading of arrays from pickles of protocols 2 to 5, without executing anything."""

from __future__ import annotations

import io
import pickle
import pickletools
from typing import Any

import numpy as np
import pytest

from ddpm_studio.pickles.arrays import ARRAY_MAKERS, PickledArray
from ddpm_studio.pickles.reader import parse_pickle

WHOLE = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def fixed(array: np.ndarray) -> np.ndarray:
    array = array.copy(order="K")
    array.flags.writeable = False
    return array


def parsed(content: bytes) -> np.ndarray:
    found = parse_pickle(io.BytesIO(content), ARRAY_MAKERS)
    assert isinstance(found, PickledArray)
    return found.array


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize(
    "array",
    [
        WHOLE,
        fixed(WHOLE),
        np.asfortranarray(WHOLE),
        WHOLE.transpose(1, 2, 0),
        WHOLE.transpose(0, 2, 1),
        WHOLE[:, ::2],
        WHOLE[:0],
        np.array(1.5),
        np.arange(5, dtype=">i4"),
    ],
)
def test_arrays_are_what_they_were(array: np.ndarray, protocol: int) -> None:
    found = parsed(pickle.dumps(array, protocol))
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype


def told_of_buffer(shape: object, order: tuple[object, ...], content: object = b"abcd") -> bytes:
    """Return a pickle of protocol 5 in NumPy's form, with values that NumPy would not write."""
    maker: Any = WHOLE.__reduce_ex__(5)
    kind = np.dtype("u1")

    class Told:
        def __reduce__(self) -> tuple[Any, ...]:
            return maker[0], (content, kind, shape, *order)

    return pickle.dumps(Told(), 5)


def test_a_damaged_one_is_refused() -> None:
    assert parsed(told_of_buffer((4,), ("C",))).tolist() == [*b"abcd"]
    for wrong in (
        told_of_buffer((5,), ("C",)),
        told_of_buffer((-1,), ("C",)),
        told_of_buffer((4,), ("A",)),
        told_of_buffer((4,), ("C", (0,))),
        told_of_buffer((2, 2), ("K",)),
        told_of_buffer((2, 2), ("K", (0, 0))),
        told_of_buffer((2, 2), ("K", (0, 1, 2))),
        told_of_buffer((4,), ("C",), content=[1, 2, 3, 4]),
    ):
        with pytest.raises(ValueError, match="an array in it"):
            parsed(wrong)


def test_bytes_that_are_not_in_it_are_refused() -> None:
    content = pickle.dumps(WHOLE, 5, buffer_callback=lambda _: None)
    assert any(code.name == "NEXT_BUFFER" for code, *_ in pickletools.genops(content))
    with pytest.raises(ValueError, match="more than data"):
        parsed(content)


def test_an_array_of_objects_is_refused() -> None:
    with pytest.raises(ValueError, match="type that is not known"):
        parsed(pickle.dumps(np.array([{}], object), 5))
