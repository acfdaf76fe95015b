"""Lazy sequence: it is indexed and sliced like a list, and computes only the items requested."""

from __future__ import annotations

import pytest

from ddpm_studio.lazy_sequence import LazySequence


class _Squares(LazySequence[int]):
    def __init__(self) -> None:
        self.made: list[int] = []

    def __len__(self) -> int:
        return 5

    def item(self, index: int, /) -> int:
        self.made.append(index)
        return index**2


def test_it_is_read_as_a_list_is() -> None:
    squares, same = _Squares(), [0, 1, 4, 9, 16]
    assert list(squares) == same
    assert list(reversed(squares)) == same[::-1]
    assert [squares[k] for k in range(-5, 5)] == same + same
    for some in (slice(1, 3), slice(None, None, -2), slice(-2, None), slice(7, 9)):
        assert squares[some] == same[some]
    for wrong in (5, -6):
        with pytest.raises(IndexError):
            squares[wrong]


def test_only_what_is_asked_for_is_made() -> None:
    squares = _Squares()
    assert squares[-1] == 16
    assert squares[1:3] == [1, 4]
    assert squares.made == [4, 1, 2]
